"""The objective `causal_lm`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ...component import Facts
from ...models import Shape
from ...values import IGNORED, Batch, Encoding
from ...writing import Writing
from ..encoding.best_fit import BestFit
from ..encoding.packed import Packed
from .language import LanguageModelling

if TYPE_CHECKING:
    import numpy as np


class CausalLM(LanguageModelling, Writing):
    """Predict each token from those before it in its document."""

    name: ClassVar[str] = "causal_lm"
    example: ClassVar[str] = "causal_lm { z_loss = 1e-4 }"
    attention: ClassVar[tuple[str, ...]] = ("causal",)
    gives: ClassVar[tuple[str, ...]] = ("loss", "likelihood")

    packing: Annotated[
        Literal["stream", "best_fit"],
        Field(description="Whether documents run on from row to row, or stay whole in rows that they fill at best"),
    ] = "stream"

    def encoding(self, shape: Shape) -> Encoding:
        packed = BestFit if self.packing == "best_fit" else Packed
        return packed(length=shape.context_length + 1, overlap=1)

    def prepare(self, batch: Batch, random: np.random.Generator, facts: Facts) -> Batch:
        return shifted(batch)

    def in_chat(self) -> Writing:
        """Have turns written out by a chat template: models from elsewhere were often taught one."""
        from .instruction import Instruction

        return Instruction()


def shifted_to_answers(batch: Batch) -> Batch:
    """Shift the tokens against the targets, of which those stay that `answers` marks."""
    prepared = shifted(batch)
    prepared["targets"][batch["answers"][:, 1:] == 0] = IGNORED
    return prepared


def shifted(batch: Batch) -> Batch:
    """Shift the tokens against the targets: rows of n + 1 tokens become n of each."""
    import numpy as np

    targets = batch["tokens"][:, 1:].astype(np.int64)
    prepared = {"tokens": batch["tokens"][:, :-1], "targets": targets}
    segments = batch.get("segments")
    if segments is not None:
        prepared["segments"] = segments[:, :-1]
        # Neither padding nor the first mark of the next document follows from what stands before it.
        targets[(segments[:, 1:] != segments[:, :-1]) | (segments[:, 1:] == 0)] = IGNORED
    return prepared
