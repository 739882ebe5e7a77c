"""The optimizer `adamw`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from annotated_types import Ge, Lt
from pydantic import Field

from ...component import Place
from ...fields import LearningRate
from .grouped import GroupedOptimizer, can_be_fused

if TYPE_CHECKING:
    import torch
    from torch import nn

Betas = Annotated[
    list[Annotated[float, Ge(0), Lt(1)]],
    Field(min_length=2, description="How slowly the averages of the gradient and of its square forget"),
]


class AdamW(GroupedOptimizer):
    """Adam with weight decay apart from the gradient (Loshchilov & Hutter 2019, arXiv:1711.05101).

    Matrices decay; norms, biases and embeddings don't.
    """

    name: ClassVar[str] = "adamw"
    example: ClassVar[str] = "adamw { lr = 6e-4, weight_decay = 0.1 }"
    sensible_lr: ClassVar[tuple[float, float] | None] = (1e-7, 0.1)

    lr: Annotated[LearningRate, Field(description="Learning rate at the schedule's peak")] = 3e-4
    betas: Betas = Field(default_factory=lambda: [0.9, 0.95])
    eps: Annotated[float, Field(gt=0, description="Keeps the division from zero")] = 1e-8
    weight_decay: Annotated[float, Field(ge=0, description="The share of a weight, times lr, lost a step")] = 0.1

    def check(self, place: Place) -> None:
        """Report betas that are not two."""
        super().check(place)
        check_betas(place, self.betas)

    def build(self, network: nn.Module) -> torch.optim.Optimizer:
        import torch

        betas = (self.betas[0], self.betas[1])
        groups = self.groups_of(network)
        return torch.optim.AdamW(groups, lr=self.rate, betas=betas, eps=self.eps, fused=can_be_fused(network))

    def state_bytes(self, parameters: int, embedded: int = 0) -> int:
        return 8 * parameters


def check_betas(place: Place, betas: list[float]) -> None:
    """Report betas that are not two."""
    if len(betas) != 2:
        place.error("betas", "L0524", {"given": len(betas)}, help="L0524.help")
