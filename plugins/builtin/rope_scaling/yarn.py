"""The scaling of rotary embeddings `yarn`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ...models import RopeScaling

if TYPE_CHECKING:
    import torch


class YarnScaling(RopeScaling):
    """Slow rotations are stretched, fast ones stay, and attention is sharpened (Peng et al. 2023, arXiv:2309.00071)."""

    name: ClassVar[str] = "yarn"
    example: ClassVar[str] = "yarn { factor = 4, original_context = 32768 }"

    factor: Annotated[float, Field(ge=1, description="How many times longer the context is")]
    original_context: Annotated[int, Field(gt=0, description="The context that the model was trained with first")]
    beta_fast: Annotated[
        float, Field(gt=0, description="Turns within the original context from which a rotation stays as it is")
    ] = 32.0
    beta_slow: Annotated[
        float, Field(gt=0, description="Turns within the original context up to which a rotation is stretched in full")
    ] = 1.0
    attention_factor: Annotated[
        float | None, Field(gt=0, description="What queries and keys are multiplied by; none is 0.1 ln(factor) + 1")
    ] = None

    def scaled(self, frequencies: torch.Tensor, base: float) -> torch.Tensor:
        import torch

        pairs = frequencies.shape[0]
        first, last = (
            math.floor(self._pair(self.beta_fast, pairs, base)),
            math.ceil(self._pair(self.beta_slow, pairs, base)),
        )
        first, last = max(first, 0), min(last, 2 * pairs - 1)
        place = torch.arange(pairs, device=frequencies.device, dtype=frequencies.dtype)
        stretched = ((place - first) / max(last - first, 0.001)).clamp(0, 1)
        return stretched * frequencies / self.factor + (1 - stretched) * frequencies

    @property
    def magnitude(self) -> float:
        if self.attention_factor is not None:
            return self.attention_factor
        return 0.1 * math.log(self.factor) + 1

    def _pair(self, turns: float, pairs: int, base: float) -> float:
        """Give the number of the pair of dimensions that turns so many times within the original context."""
        return pairs * math.log(self.original_context / (turns * 2 * math.pi)) / math.log(base)
