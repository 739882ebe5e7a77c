"""The objective `causal_lm`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ...component import Facts
from ...values import IGNORED, Batch, Encoding, Network, Objective, Shape, TensorBatch
from ..encoding.packed import Packed

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import nn


class CausalLM(Objective):
    """Predict each token from those before it in its document."""

    name: ClassVar[str] = "causal_lm"
    example: ClassVar[str] = "causal_lm()"
    attention: ClassVar[tuple[str, ...]] = ("causal",)
    gives: ClassVar[tuple[str, ...]] = ("loss", "likelihood", "text")

    def encoding(self, shape: Shape) -> Encoding:
        return Packed(length=shape.context_length + 1, overlap=1)

    def prepare(self, batch: Batch, random: np.random.Generator, facts: Facts) -> Batch:
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

    def count(self, batch: Batch) -> float:
        return float((batch["targets"] != IGNORED).sum())

    def head(self, shape: Shape, body: nn.Module, facts: Facts) -> nn.Module:
        from ...nn.heads import VocabularyHead

        return VocabularyHead(body.embedding, shape)  # type: ignore[arg-type]

    def loss(self, network: Network, batch: TensorBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        from ...nn.auxiliary import with_auxiliary
        from ...nn.likelihood import vocabulary_loss

        hidden = network.hidden(batch)  # (B, L, H)
        weight: torch.Tensor = network.head.weight  # type: ignore[union-attr,assignment]
        loss = vocabulary_loss(hidden.flatten(0, 1), weight, batch["targets"].flatten())
        return with_auxiliary(network, loss, batch["targets"]), {}

    def targets(self, batch: Batch) -> np.ndarray[Any, Any]:
        return batch["targets"][batch["targets"] != IGNORED]
