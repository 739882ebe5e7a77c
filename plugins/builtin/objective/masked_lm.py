"""The objective `masked_lm`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ...component import Facts, Place
from ...models import Shape
from ...values import Batch, Encoding
from ..encoding.packed import Packed
from ..encoding.text import role
from .draws import Draws, RowDraws
from .language import LanguageModelling
from .masking import Masking, mask_rows

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

MOST_HIDDEN = 0.6
"""40 % can still be better than 15 (Wettig et al. 2023, arXiv:2202.08005); at 80 % nothing is learned any more."""


class MaskedLM(LanguageModelling):
    """Guess hidden tokens from what stands around them, as BERT does (Devlin et al. 2019, arXiv:1810.04805).

    Of the chosen tokens 80 % become the mask, 10 % a random token, and 10 % stay. Which, is drawn anew each time; with
    `masks = static` it follows from what the row holds, the same in every epoch and with every seed.
    """

    name: ClassVar[str] = "masked_lm"
    example: ClassVar[str] = "masked_lm { rate = 15%, whole_word = true }"
    attention: ClassVar[tuple[str, ...]] = ("bidirectional",)

    rate: Annotated[float, Field(gt=0, lt=1, description="The part of a row's tokens that is to be guessed")] = 0.15
    whole_word: Annotated[bool, Field(description="Hide all tokens of a word together")] = False
    spans: Annotated[
        bool,
        Field(description="Hide runs of 3.8 tokens on average together, as SpanBERT does; of words with `whole_word`"),
    ] = False
    masks: Annotated[
        Literal["dynamic", "static"], Field(description="Whether they are drawn anew each time, or once for each row")
    ] = "dynamic"

    def check(self, place: Place) -> None:
        """Warn of a rate that leaves too little to guess from."""
        if self.rate > MOST_HIDDEN:
            place.warning("rate", "L0925", {"rate": f"{self.rate:.0%}", "left": f"{1 - self.rate:.0%}"})

    def roles(self, shape: Shape) -> tuple[str, ...]:
        return ("mask",)

    def encoding(self, shape: Shape) -> Encoding:
        return Packed(length=shape.context_length, words=self.whole_word)

    def prepare(self, batch: Batch, random: np.random.Generator, facts: Facts) -> Batch:
        """Choose and hide tokens: `positions` (B, K) says where, `targets` (B, K) what stood there, IGNORED beyond."""
        masking = Masking(
            rate=self.rate,
            mask=role(facts["roles"], "mask"),
            special=tuple(sorted(set(facts["roles"].values()))),
            vocab_size=facts["vocab_size"],
            spans=self.spans,
        )
        draws: Draws = RowDraws(batch["tokens"]) if self.masks == "static" else random
        words = batch["words"] if self.whole_word else None
        tokens, masked, targets = mask_rows(batch["tokens"], batch.get("segments"), words, masking, draws)
        prepared = {"tokens": tokens, "positions": masked, "targets": targets}
        if "segments" in batch:
            prepared["segments"] = batch["segments"]
        return prepared

    def head(self, shape: Shape, body: nn.Module, facts: Facts) -> nn.Module:
        from ...nn.heads import MaskedHead

        role(facts["roles"], "mask")
        return MaskedHead(body.embedding, shape)  # type: ignore[arg-type]
