"""The objective `masked_lm`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from ...component import Facts, Place
from ...values import IGNORED, Batch, Encoding, Network, Objective, Shape, TensorBatch
from ..encoding.packed import Packed
from ..encoding.text import role
from .masking import Masking, mask_rows

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import nn

MOST_HIDDEN = 0.6
"""40 % can still be better than 15 (Wettig et al. 2023, arXiv:2202.08005); at 80 % nothing is learned any more."""


class MaskedLM(Objective):
    """Guess hidden tokens from what stands around them, as BERT does (Devlin et al. 2019, arXiv:1810.04805).

    Of the chosen tokens 80 % become the mask, 10 % a random token, and 10 % stay. Which, is drawn anew each time.
    """

    name: ClassVar[str] = "masked_lm"
    example: ClassVar[str] = "masked_lm { rate = 15%, whole_word = true }"
    attention: ClassVar[tuple[str, ...]] = ("bidirectional",)

    rate: Annotated[float, Field(gt=0, lt=1, description="The part of a row's tokens that is to be guessed")] = 0.15
    whole_word: Annotated[bool, Field(description="Hide all tokens of a word together")] = False

    def check(self, place: Place) -> None:
        """Warn of a rate that leaves too little to guess from."""
        if self.rate > MOST_HIDDEN:
            place.warning("rate", "L0925", {"rate": f"{self.rate:.0%}", "left": f"{1 - self.rate:.0%}"})

    def encoding(self, shape: Shape) -> Encoding:
        return Packed(length=shape.context_length, words=self.whole_word)

    def prepare(self, batch: Batch, random: np.random.Generator, facts: Facts) -> Batch:
        """Choose and hide tokens: `masked` (B, K) says where, `targets` (B, K) what stood there, IGNORED beyond."""
        masking = Masking(
            rate=self.rate,
            mask=role(facts["roles"], "mask"),
            special=tuple(sorted(set(facts["roles"].values()))),
            vocab_size=facts["vocab_size"],
        )
        tokens, masked, targets = mask_rows(
            batch["tokens"], batch.get("segments"), batch["words"] if self.whole_word else None, masking, random
        )
        prepared = {"tokens": tokens, "masked": masked, "targets": targets}
        if "segments" in batch:
            prepared["segments"] = batch["segments"]
        return prepared

    def count(self, batch: Batch) -> float:
        return float((batch["targets"] != IGNORED).sum())

    def head(self, shape: Shape, body: nn.Module, facts: Facts) -> nn.Module:
        from ...nn.heads import MaskedHead

        role(facts["roles"], "mask")
        return MaskedHead(body.embedding, shape)  # type: ignore[arg-type]

    def loss(self, network: Network, batch: TensorBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        from ...nn.auxiliary import with_auxiliary
        from ...nn.gather import gather_positions
        from ...nn.heads import MaskedHead
        from ...nn.likelihood import vocabulary_loss

        head = network.head
        assert isinstance(head, MaskedHead)
        chosen = gather_positions(network.hidden(batch), batch["masked"])  # (B, K, H)
        features = head.features(chosen).flatten(0, 1)
        loss = vocabulary_loss(features, head.weight, batch["targets"].flatten(), head.bias)
        return with_auxiliary(network, loss, batch["targets"]), {}

    def targets(self, batch: Batch) -> np.ndarray[Any, Any]:
        return batch["targets"][batch["targets"] != IGNORED]
