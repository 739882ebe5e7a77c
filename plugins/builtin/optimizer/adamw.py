"""The optimizer `adamw`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from annotated_types import Ge, Lt
from pydantic import Field

from ...component import Place
from ...values import Optimizer

if TYPE_CHECKING:
    import torch
    from torch import nn

FUSED = ("cuda", "cpu", "mps", "xpu")
"""Devices for which torch updates all weights in one kernel."""


class AdamW(Optimizer):
    """Adam with weight decay apart from the gradient (Loshchilov & Hutter 2019, arXiv:1711.05101).

    Matrices decay; norms, biases and embeddings don't.
    """

    name: ClassVar[str] = "adamw"
    example: ClassVar[str] = "adamw { lr = 6e-4, weight_decay = 0.1 }"
    sensible_lr: ClassVar[tuple[float, float] | None] = (1e-7, 0.1)

    lr: Annotated[float, Field(gt=0, description="Learning rate at the schedule's peak")] = 3e-4
    betas: Annotated[
        list[Annotated[float, Ge(0), Lt(1)]],
        Field(min_length=2, description="How slowly the averages of the gradient and of its square forget"),
    ] = Field(default_factory=lambda: [0.9, 0.95])
    eps: Annotated[float, Field(gt=0, description="Keeps the division from zero")] = 1e-8
    weight_decay: Annotated[float, Field(ge=0, description="The share of a weight, times lr, lost a step")] = 0.1

    def check(self, place: Place) -> None:
        """Report betas that are not two."""
        if len(self.betas) != 2:
            place.error("betas", "L0524", {"given": len(self.betas)}, help="L0524.help")

    def build(self, network: nn.Module) -> torch.optim.Optimizer:
        import torch

        decayed, others = split_by_decay(network)
        trained = decayed + others
        groups = [{"params": decayed, "weight_decay": self.weight_decay}, {"params": others, "weight_decay": 0.0}]
        return torch.optim.AdamW(
            [group for group in groups if group["params"]],
            lr=self.lr,
            betas=(self.betas[0], self.betas[1]),
            eps=self.eps,
            fused=all(parameter.device.type in FUSED for parameter in trained),
        )

    def state_bytes(self, parameters: int) -> int:
        return 8 * parameters


def split_by_decay(network: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Part the trained parameters into those that decay (matrices) and the others, each once, in order."""
    from torch import nn

    embeddings = {
        id(parameter)
        for module in network.modules()
        if isinstance(module, nn.Embedding)
        for parameter in module.parameters(recurse=False)
    }
    decayed: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for parameter in network.parameters():
        if parameter.requires_grad:
            matrix = parameter.dim() >= 2 and id(parameter) not in embeddings
            (decayed if matrix else others).append(parameter)
    return decayed, others
