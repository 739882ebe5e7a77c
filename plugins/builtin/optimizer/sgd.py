"""The optimizer `sgd`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ...component import Place
from ...fields import LearningRate
from .grouped import GroupedOptimizer, can_be_fused

if TYPE_CHECKING:
    import torch
    from torch import nn


class SGD(GroupedOptimizer):
    """Stochastic gradient descent with momentum (Sutskever et al. 2013, ICML).

    Weight decay is added to the gradient, as ever with SGD.
    """

    name: ClassVar[str] = "sgd"
    example: ClassVar[str] = "sgd { lr = 0.1, momentum = 0.9 }"
    sensible_lr: ClassVar[tuple[float, float] | None] = (1e-6, 10.0)

    lr: Annotated[LearningRate, Field(description="Learning rate at the schedule's peak")] = 0.1
    momentum: Annotated[float, Field(ge=0, lt=1, description="The part of the last step that goes on")] = 0.9
    nesterov: Annotated[
        bool, Field(description="Whether the gradient counts as of where the momentum leads to (needs a momentum)")
    ] = False
    weight_decay: Annotated[float, Field(ge=0, description="The share of a weight added to its gradient")] = 0.0

    def check(self, place: Place) -> None:
        """Report a look ahead along a momentum that isn't there."""
        super().check(place)
        if self.nesterov and not self.momentum:
            place.error("nesterov", "L0543")

    def build(self, network: nn.Module) -> torch.optim.Optimizer:
        import torch

        return torch.optim.SGD(
            self.groups_of(network),
            lr=self.rate,
            momentum=self.momentum,
            nesterov=self.nesterov,
            fused=can_be_fused(network),
        )

    def state_bytes(self, parameters: int, embedded: int = 0) -> int:
        return 4 * parameters if self.momentum else 0
