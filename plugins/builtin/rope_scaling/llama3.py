"""The scaling of rotary embeddings `llama3`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ...models import RopeScaling

if TYPE_CHECKING:
    import torch


class Llama3Scaling(RopeScaling):
    """Slow rotations are stretched, fast ones stay, and between them it changes smoothly, as in Llama 3.1.

    A rotation is fast if it turns `high_freq_factor` times within the original context, slow if `low_freq_factor`
    times (The Llama 3 Herd of Models, arXiv:2407.21783, and its code).
    """

    name: ClassVar[str] = "llama3"
    example: ClassVar[str] = "llama3 { factor = 8, original_context = 8192 }"

    factor: Annotated[float, Field(ge=1, description="How many times longer the context is")]
    original_context: Annotated[int, Field(gt=0, description="The context that the model was trained with first")]
    low_freq_factor: Annotated[
        float, Field(gt=0, description="Turns within the original context up to which a rotation is stretched in full")
    ] = 1.0
    high_freq_factor: Annotated[
        float, Field(gt=0, description="Turns within the original context from which a rotation stays as it is")
    ] = 4.0

    def scaled(self, frequencies: torch.Tensor, base: float) -> torch.Tensor:
        turns = self.original_context * frequencies / (2 * math.pi)
        kept = ((turns - self.low_freq_factor) / (self.high_freq_factor - self.low_freq_factor)).clamp(0, 1)
        return (1 - kept) * frequencies / self.factor + kept * frequencies
