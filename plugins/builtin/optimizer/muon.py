"""The optimizer `muon`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from ...fields import LearningRate
from .adamw import AdamW
from .grouped import can_be_fused

if TYPE_CHECKING:
    import torch
    from torch import nn


class Muon(AdamW):
    """Orthogonalise the momentum of hidden matrices, and leave all else to AdamW (Jordan et al. 2024).

    https://kellerjordan.github.io/posts/muon/. Steps of matrices are as large as AdamW's on the whole (Liu et al. 2025,
    arXiv:2502.16982), so that one `lr` and one `weight_decay` are for both. Embeddings, norms, biases and the head are
    AdamW's.
    """

    name: ClassVar[str] = "muon"
    example: ClassVar[str] = "muon { lr = 1e-3, weight_decay = 0.1 }"
    sensible_lr: ClassVar[tuple[float, float] | None] = (1e-7, 0.1)

    lr: Annotated[LearningRate, Field(description="Learning rate at the schedule's peak")] = 1e-3
    momentum: Annotated[float, Field(ge=0, lt=1, description="How slowly the matrices' momentum forgets")] = 0.95
    nesterov: Annotated[bool, Field(description="Whether the newest gradient counts once more")] = True

    def marks(self, name: str, matrix: bool) -> dict[str, Any]:
        return {"orthogonal": matrix and not name.startswith("head.")}

    def build(self, network: nn.Module) -> torch.optim.Optimizer:
        from ...nn.muon import Muon as Built

        return Built(
            self.groups_of(network),
            lr=self.rate,
            momentum=self.momentum,
            nesterov=self.nesterov,
            betas=(self.betas[0], self.betas[1]),
            eps=self.eps,
            fused=can_be_fused(network),
        )

    def state_bytes(self, parameters: int, embedded: int = 0) -> int:
        return 4 * parameters + 4 * embedded
