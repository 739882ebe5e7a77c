"""The metric `chrf`."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from .sacre import SacreMetric


class Chrf(SacreMetric):
    """How many runs of up to six characters the texts and their targets have in common (Popović 2015), by sacrebleu.

    It needs no words, and so suits Japanese as it is. With `word_order = 2` it is chrF++ (Popović 2017).
    """

    name: ClassVar[str] = "chrf"
    example: ClassVar[str] = "chrf { word_order = 2 }"

    word_order: int = Field(0, ge=0, le=4, description="The longest runs of words that count as well; 2 is chrF++")

    def scorer(self) -> Any:
        from sacrebleu.metrics import CHRF

        return CHRF(word_order=self.word_order)
