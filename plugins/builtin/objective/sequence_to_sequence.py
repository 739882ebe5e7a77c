"""The objective `sequence_to_sequence`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ...component import Facts, Place
from ...models import Model, Shape
from ...values import IGNORED, Batch, Encoding
from ...writing import Opening, Writing
from ..encoding.joined import Joined, source_tokens
from ..encoding.pairs import Pairs, from_source
from ..encoding.text import text_of
from .causal_lm import shifted_to_answers
from .language import LanguageModelling, gathered

if TYPE_CHECKING:
    import numpy as np

_GRAIN = 8
"""Targets that carry loss are so many or a multiple: few different shapes."""


class SequenceToSequence(LanguageModelling, Writing):
    """Predict each token of a target text from the whole source text and the target before it.

    Translation, summaries and answers are learned so (Sutskever et al. 2014, arXiv:1409.3215). The data has the columns
    `source` and `target`. An encoder-decoder reads the source by itself; a decoder reads both as one text of which the
    target alone carries loss (Liu et al. 2018, arXiv:1801.10198), the source having at most half of its context.
    """

    name: ClassVar[str] = "sequence_to_sequence"
    example: ClassVar[str] = "sequence_to_sequence { label_smoothing = 10% }"
    columns: ClassVar[tuple[str, ...]] = ("source", "target")
    attention: ClassVar[tuple[str, ...]] = ("encoder_decoder", "causal")
    gives: ClassVar[tuple[str, ...]] = ("loss", "target")

    prefix: Annotated[
        bool, Field(description="Whether a decoder reads the source both ways, and not each token from those before it")
    ] = False

    def check_model(self, place: Place, model: Model, field: str) -> None:
        if self.prefix and model.attention != "causal":
            place.error(field, "L0531", {"field": "prefix", "needs": "model = decoder { … }"}, help="L0531.help")
        elif self.prefix and not model.takes_prefix:
            place.error(field, "L0602", {"objective": self.name, "model": model.name}, help="L0602.help")

    def encoding(self, shape: Shape) -> Encoding:
        two = shape.attention == "encoder_decoder"
        return Pairs(length=shape.context_length) if two else Joined(length=shape.context_length)

    def opening(self, prompt: Sequence[int], roles: Mapping[str, int], shape: Shape) -> Opening:
        """Have the prompt be the source, and the text begin as a target does."""
        if shape.attention == "encoder_decoder":
            return from_source(prompt, roles, shape.context_length)
        return Opening(source_tokens(prompt, roles, shape.context_length), prefix=self.prefix)

    def asked(self, record: Mapping[str, object]) -> tuple[str, str]:
        return text_of(record, "source"), text_of(record, "target")

    def shown(self, prompt: str) -> str:
        return f"{prompt} → "

    def prepare(self, batch: Batch, random: np.random.Generator, facts: Facts) -> Batch:
        """Shift the target against what is predicted: rows of n + 1 tokens become n of each."""
        import numpy as np

        if "tokens" in batch:
            return self._joined(batch)
        tokens, segments = batch["target_tokens"], batch["target_segments"]
        return {
            "source_tokens": batch["source_tokens"],
            "source_segments": batch["source_segments"],
            "target_tokens": tokens[:, :-1],
            "target_segments": segments[:, :-1],
            "targets": np.where(segments[:, 1:] != 0, tokens[:, 1:], IGNORED).astype(np.int64),
        }

    def _joined(self, batch: Batch) -> Batch:
        """Prepare rows that hold both texts; what the source predicts goes through no projection."""
        prepared = shifted_to_answers(batch)
        if self.prefix:
            prepared["prefix"] = (batch["answers"][:, :-1] == 0) & (prepared["segments"] != 0)
        longest = int((prepared["targets"] != IGNORED).sum(axis=1).max())
        return gathered(prepared, -(-longest // _GRAIN) * _GRAIN)
