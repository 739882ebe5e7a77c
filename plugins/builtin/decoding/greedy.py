"""The decoding `greedy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ...values import Decoding

if TYPE_CHECKING:
    import torch


class Greedy(Decoding):
    """Take the likeliest token each time."""

    name: ClassVar[str] = "greedy"
    example: ClassVar[str] = "greedy { max_tokens = 50 }"

    repetition_penalty: Annotated[
        float, Field(gt=0, description="Above 1 makes tokens that were there before less likely")
    ] = 1.0

    def choose(self, logits: torch.Tensor, seen: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
        from ...nn.filters import penalise

        return penalise(logits, seen, self.repetition_penalty).argmax(dim=-1)
