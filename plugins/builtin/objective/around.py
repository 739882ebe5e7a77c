"""What objectives that stand around another one share: all that they don't do themselves is the other's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ....dsl.program import Reference
from ...component import Facts, Place
from ...models import Model, Shape
from ...predicting import Predicting
from ...values import Batch, Encoding, Network, Objective, TensorBatch
from ...writing import Writing

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import nn


class Around(Objective):
    """The base of an objective around the one in its field `objective`: it hands on every call."""

    objective: Objective

    @property
    def columns(self) -> tuple[str, ...]:  # type: ignore[override]
        """The columns that it needs of data, whatever its fields say."""
        return self.objective.columns

    @property
    def attention(self) -> tuple[str, ...]:  # type: ignore[override]
        """The attentions of the models that it fits."""
        return self.objective.attention

    @property
    def scores(self) -> tuple[str, ...]:  # type: ignore[override]
        """The arrays that `score` gives."""
        return self.objective.scores

    @property
    def gives(self) -> tuple[str, ...]:  # type: ignore[override]
        """What metrics may be computed of."""
        return self.objective.gives

    def reads(self) -> tuple[str, ...]:
        return self.objective.reads()

    def roles(self, shape: Shape) -> tuple[str, ...]:
        return self.objective.roles(shape)

    def check_model(self, place: Place, model: Model, field: str) -> None:
        self.objective.check_model(place, model, field)

    def offers(self) -> tuple[str, ...]:
        return self.objective.offers()

    def encoding(self, shape: Shape) -> Encoding:
        return self.objective.encoding(shape)

    def prepare(self, batch: Batch, random: np.random.Generator, facts: Facts) -> Batch:
        return self.objective.prepare(batch, random, facts)

    def count(self, batch: Batch) -> float:
        return self.objective.count(batch)

    def head(self, shape: Shape, body: nn.Module, facts: Facts) -> nn.Module | None:
        return self.objective.head(shape, body, facts)

    def tells_apart(self, facts: Facts) -> Any:
        return self.objective.tells_apart(facts)

    def started(self, initial: Reference | None) -> Objective:
        return self.model_copy(update={"objective": self.objective.started(initial)})

    def frozen(self) -> tuple[Reference, ...]:
        return self.objective.frozen()

    def scorer(self) -> tuple[Reference, Objective] | None:
        return self.objective.scorer()

    def score(self, network: Network, batch: TensorBatch) -> dict[str, torch.Tensor]:
        return self.objective.score(network, batch)

    def learned(self) -> Objective:
        return self.objective.learned()

    def loss(self, network: Network, batch: TensorBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        return self.objective.loss(network, batch)

    def targets(self, batch: Batch) -> np.ndarray[Any, Any] | None:
        return self.objective.targets(batch)

    def carries(self, batch: Batch) -> np.ndarray[Any, Any] | None:
        return self.objective.carries(batch)

    @property
    def predicts(self) -> Predicting | None:
        return self.objective.predicts

    @property
    def writes(self) -> Writing | None:
        return self.objective.writes
