"""The optimizer `adafactor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ...fields import LearningRate
from .grouped import GroupedOptimizer

if TYPE_CHECKING:
    import torch
    from torch import nn


class Adafactor(GroupedOptimizer):
    """Adam's division with next to no state: of a matrix's squared gradients it keeps the means of rows and columns.

    Shazeer & Stern 2018, arXiv:1804.04235. `lr` is relative to the size of the weights, and not more than 1 / sqrt(step).
    """

    name: ClassVar[str] = "adafactor"
    example: ClassVar[str] = "adafactor { lr = 0.01 }"
    sharded: ClassVar[bool] = False
    sensible_lr: ClassVar[tuple[float, float] | None] = (1e-5, 1.0)

    lr: Annotated[LearningRate, Field(description="Learning rate at the schedule's peak, relative to the weights")] = (
        0.01
    )
    beta2_decay: Annotated[
        float, Field(gt=-1, lt=0, description="The average of squares forgets as step ** beta2_decay")
    ] = -0.8
    threshold: Annotated[float, Field(gt=0, description="The root mean square above which a step is scaled down")] = 1.0

    def build(self, network: nn.Module) -> torch.optim.Optimizer:
        import torch

        return torch.optim.Adafactor(
            self.groups_of(network), lr=self.rate, beta2_decay=self.beta2_decay, d=self.threshold
        )

    def state_bytes(self, parameters: int, embedded: int = 0) -> int:
        # Of a matrix n x m it is n + m numbers: at most this for those that are 128 wide or more.
        return parameters // 8
