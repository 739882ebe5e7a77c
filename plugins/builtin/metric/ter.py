"""The metric `ter`."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from .sacre import SacreMetric


class Ter(SacreMetric):
    """How many of a hundred words must be changed or moved to make the targets of the texts (Snover et al. 2006), by sacrebleu."""

    name: ClassVar[str] = "ter"
    example: ClassVar[str] = "ter()"
    higher_is_better: ClassVar[bool] = False
    bounds: ClassVar[tuple[float | None, float | None]] = (0, None)

    asian: bool = Field(False, description="Whether characters of Japanese and Chinese count as words")

    def scorer(self) -> Any:
        from sacrebleu.metrics import TER

        return TER(normalized=self.asian, asian_support=self.asian)
