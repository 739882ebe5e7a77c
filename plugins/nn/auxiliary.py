"""What the layers of a body add to the loss: the balance of experts."""

from __future__ import annotations

from torch import Tensor

from ..values import IGNORED, Network


def with_auxiliary(network: Network, loss: Tensor, targets: Tensor) -> Tensor:
    """Add what the body's last forward pass in training asks for to a sum of losses; most bodies ask for nothing.

    A body has it for each row, as `auxiliary` (B,); it weighs as much as the row has `targets` (B, …) that carry loss,
    so that it is a sum over them like the loss itself, and micro-batches add up.
    """
    auxiliary = network.auxiliary
    if auxiliary is None:
        return loss
    return loss + (auxiliary * targets.ne(IGNORED).reshape(len(auxiliary), -1).sum(dim=1)).sum()
