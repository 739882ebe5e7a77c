"""A network with what it learns, as one module: its forward pass is the loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from ...plugins.nn.network import Network
from ...plugins.values import Objective, TensorBatch
from .rows import RowByRow


class Learner(nn.Module):
    """Calls an objective on a network, so that what shards a module or wraps it sees the whole forward pass."""

    def __init__(self, network: Network, objective: Objective) -> None:
        super().__init__()
        self.network = network
        self.objective = objective

    def forward(
        self, batch: TensorBatch, predict: bool = False
    ) -> tuple[Tensor, dict[str, Tensor], Sequence[Any] | None]:
        """Give the sum of losses, further sums, and predictions if they are asked for, for which the body reads once."""
        if not predict:
            return *self.objective.loss(self.network, batch), None
        read, predicts = RowByRow(self.network, batch), self.objective.predicts
        return *self.objective.loss(read, batch), predicts.predict(read, batch) if predicts else None
