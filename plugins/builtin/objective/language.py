"""What the objectives that predict tokens share: their head, their loss, and what is added to it in training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from ...component import Facts
from ...models import Shape
from ...values import IGNORED, Batch, Network, Objective, TensorBatch

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import nn


class LanguageModelling(Objective):
    """The base of objectives whose prepared batches hold `targets` of the vocabulary.

    `targets` is (B, L), IGNORED where a position carries no loss; or (B, K) with `positions` (B, K), which say where
    in the row they stand, so that no other hidden state is projected to the vocabulary.

    What `label_smoothing` and `z_loss` add belongs to training alone, as dropout does: what is measured on other rows
    is the cross-entropy itself, so that losses and perplexities of different settings can be compared.
    """

    label_smoothing: Annotated[
        float, Field(ge=0, lt=1, description="How much of each target is shared among all tokens, in training")
    ] = 0.0
    z_loss: Annotated[
        float,
        Field(ge=0, lt=1, description="Weight of the squared log of the softmax's sum, in training; PaLM's is 1e-4"),
    ] = 0.0

    def count(self, batch: Batch) -> float:
        return float((batch["targets"] != IGNORED).sum())

    def tells_apart(self, facts: Facts) -> Any:
        return "vocabulary"

    def head(self, shape: Shape, body: nn.Module, facts: Facts) -> nn.Module:
        from ...nn.heads import VocabularyHead

        return VocabularyHead(body.embedding, shape)  # type: ignore[arg-type]

    def loss(self, network: Network, batch: TensorBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        return self.loss_of(network, self.projected(network, batch), batch)

    def projected(self, network: Network, batch: TensorBatch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """Give what is projected to the vocabulary for each target (N, H), and by what: weight (V, H) and bias (V,)."""
        from ...nn.heads import VocabularyHead

        head = network.head
        assert isinstance(head, VocabularyHead)
        hidden = network.hidden(batch, at=batch.get("positions"))  # (B, L, H), or (B, K, H)
        return head.features(hidden).flatten(0, 1), head.weight, head.bias

    def loss_of(
        self, network: Network, projected: tuple[torch.Tensor, torch.Tensor, torch.Tensor | None], batch: TensorBatch
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Give the loss of what a network projects."""
        from ...nn.auxiliary import with_auxiliary
        from ...nn.likelihood import vocabulary_loss

        features, weight, bias = projected
        targets = batch["targets"].flatten()
        if not network.training:
            return vocabulary_loss(features, weight, targets, bias=bias), {}
        loss = vocabulary_loss(features, weight, targets, bias=bias, smoothing=self.label_smoothing, z_loss=self.z_loss)
        return with_auxiliary(network, loss, batch["targets"]), {}

    def targets(self, batch: Batch) -> np.ndarray[Any, Any]:
        return batch["targets"][batch["targets"] != IGNORED]

    def carries(self, batch: Batch) -> np.ndarray[Any, Any] | None:
        if "positions" not in batch:
            return super().carries(batch)
        import numpy as np

        carried = np.zeros(batch["tokens"].shape, dtype=bool)
        rows, chosen = np.nonzero(batch["targets"] != IGNORED)
        carried[rows, batch["positions"][rows, chosen]] = True
        return carried


def gathered(batch: Batch, size: int) -> Batch:
    """Have `targets` stand at `positions` (B, K) alone, K = `size`, if that is fewer than all."""
    import numpy as np

    targets = batch["targets"]
    if size >= targets.shape[1]:
        return batch
    positions = np.argsort(targets == IGNORED, axis=1, kind="stable")[:, : max(size, 1)]
    return batch | {"positions": positions, "targets": np.take_along_axis(targets, positions, axis=1)}
