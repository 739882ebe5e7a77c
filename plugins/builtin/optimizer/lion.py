"""The optimizer `lion`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from annotated_types import Ge, Lt
from pydantic import Field

from ...component import Place
from ...fields import LearningRate
from .adamw import check_betas
from .grouped import GroupedOptimizer

if TYPE_CHECKING:
    import torch
    from torch import nn


class Lion(GroupedOptimizer):
    """Follow the sign of a momentum (Chen et al. 2023, arXiv:2302.06675).

    Half the state of Adam. Every weight moves by `lr` a step, so that `lr` is three to ten times lower than Adam's, and
    `weight_decay` as much higher.
    """

    name: ClassVar[str] = "lion"
    example: ClassVar[str] = "lion { lr = 1e-4, weight_decay = 0.3 }"
    sensible_lr: ClassVar[tuple[float, float] | None] = (1e-8, 0.02)

    lr: Annotated[LearningRate, Field(description="Learning rate at the schedule's peak")] = 1e-4
    betas: Annotated[
        list[Annotated[float, Ge(0), Lt(1)]],
        Field(min_length=2, description="The momentum's part in a step, and how slowly the momentum forgets"),
    ] = Field(default_factory=lambda: [0.9, 0.99])
    weight_decay: Annotated[float, Field(ge=0, description="The share of a weight, times lr, lost a step")] = 0.3

    def check(self, place: Place) -> None:
        """Report betas that are not two."""
        super().check(place)
        check_betas(place, self.betas)

    def build(self, network: nn.Module) -> torch.optim.Optimizer:
        from ...nn.lion import Lion as Built

        return Built(self.groups_of(network), lr=self.rate, betas=(self.betas[0], self.betas[1]))

    def state_bytes(self, parameters: int, embedded: int = 0) -> int:
        return 4 * parameters
