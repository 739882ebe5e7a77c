"""The scaling of rotary embeddings `linear`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ...models import RopeScaling

if TYPE_CHECKING:
    import torch


class LinearScaling(RopeScaling):
    """Positions are divided by a factor (Chen et al. 2023, arXiv:2306.15595)."""

    name: ClassVar[str] = "linear"
    example: ClassVar[str] = "linear { factor = 4 }"

    factor: Annotated[float, Field(ge=1, description="How many times longer the context is")]

    def scaled(self, frequencies: torch.Tensor, base: float) -> torch.Tensor:
        return frequencies / self.factor
