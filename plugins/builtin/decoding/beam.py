"""The decoding `beam`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ...values import Beams, Decoding

if TYPE_CHECKING:
    import torch


class Beam(Decoding):
    """Follow the likeliest texts side by side and take the best of those that end: beam search, as in transformers.

    A text is as good as its log-likelihood, divided by its length to the power of `length_penalty`, the end token
    counted (Wu et al. 2016, arXiv:1609.08144, has another form of it). A text that grows beyond `max_tokens` ends
    there. Texts of `stop` are looked for in the best one.
    """

    name: ClassVar[str] = "beam"
    example: ClassVar[str] = "beam { width = 4, length_penalty = 0.6 }"

    width: Annotated[int, Field(gt=0, description="Texts that are followed at once")] = 4
    length_penalty: Annotated[
        float,
        Field(description="The power of the length that a log-likelihood is divided by: above 0 favours long texts"),
    ] = 1.0
    early_stopping: Annotated[
        bool,
        Field(description="Whether to end once `width` texts have ended, and not when no other can well become better"),
    ] = False

    def beams(self) -> Beams:
        return Beams(self.width, self.length_penalty, self.early_stopping)

    def choose(self, logits: torch.Tensor, seen: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
        """Take the likeliest token, as a search of width 1 does."""
        return logits.argmax(dim=-1)
