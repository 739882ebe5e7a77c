"""The objective `sequence_to_sequence`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ...component import Facts
from ...models import Shape
from ...values import IGNORED, Batch, Encoding, Opening
from ..encoding.pairs import Pairs, from_source
from ..encoding.text import text_of
from .language import LanguageModelling

if TYPE_CHECKING:
    import numpy as np


class SequenceToSequence(LanguageModelling):
    """Predict each token of a target text from the whole source text and the target before it.

    Translation, summaries and answers are learned so (Sutskever et al. 2014, arXiv:1409.3215). The data has the columns
    `source` and `target`.
    """

    name: ClassVar[str] = "sequence_to_sequence"
    example: ClassVar[str] = "sequence_to_sequence { label_smoothing = 10% }"
    columns: ClassVar[tuple[str, ...]] = ("source", "target")
    attention: ClassVar[tuple[str, ...]] = ("encoder_decoder",)
    gives: ClassVar[tuple[str, ...]] = ("loss", "text", "target")

    def encoding(self, shape: Shape) -> Encoding:
        return Pairs(length=shape.context_length)

    def opening(self, prompt: Sequence[int], roles: Mapping[str, int], length: int) -> Opening:
        """Have the prompt be the source, and the text begin as a target does."""
        return from_source(prompt, roles, length)

    def asked(self, record: Mapping[str, Any]) -> tuple[str, str]:
        return text_of(record, "source"), text_of(record, "target")

    def shown(self, prompt: str) -> str:
        return f"{prompt} → "

    def prepare(self, batch: Batch, random: np.random.Generator, facts: Facts) -> Batch:
        """Shift the target against what is predicted: rows of n + 1 tokens become n of each."""
        import numpy as np

        tokens, segments = batch["target_tokens"], batch["target_segments"]
        return {
            "source_tokens": batch["source_tokens"],
            "source_segments": batch["source_segments"],
            "target_tokens": tokens[:, :-1],
            "target_segments": segments[:, :-1],
            "targets": np.where(segments[:, 1:] != 0, tokens[:, 1:], IGNORED).astype(np.int64),
        }
