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

    max_tokens: Annotated[int, Field(gt=0, description="The most tokens to write")] = 100

    def choose(self, logits: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        return logits.argmax(dim=-1)
