"""The scale of the loss in fp16, whose small gradients would be 0 without it (Micikevicius et al. 2018, arXiv:1710.03740)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import nn

from .weights import Tensors, WeightsDontFit

_START = 2.0**16
_SHRINK, _GROW = 0.5, 2.0
_STEADY = 2000
"""Steps without an overflow until it grows."""
_ENTRIES = ("/scale", "/steady", "/skipped")


class LossScale:
    """Multiplies the loss, and the gradients by the inverse; smaller after an overflow, larger after a steady time.

    All of it stays on the device, so that nothing waits for it.
    """

    def __init__(self, device: torch.device) -> None:
        self.size = torch.full((), _START, dtype=torch.float32, device=device)
        self.steady = torch.zeros((), dtype=torch.int64, device=device)
        """Steps since the last overflow or growth."""
        self.skipped = torch.zeros((), dtype=torch.int64, device=device)
        """Steps that overflowed, in all."""

    @torch.no_grad()
    def unscale(self, parameters: Iterable[nn.Parameter]) -> None:
        """Bring the gradients back to their own size."""
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        torch._foreach_mul_(gradients, 1 / self.size)

    def update(self, overflowed: torch.Tensor) -> None:
        """Set the scale for the next step."""
        steady = self.steady + 1
        grows = steady >= _STEADY
        larger = torch.where(grows, self.size * _GROW, self.size)
        self.size.copy_(torch.where(overflowed, self.size * _SHRINK, larger))
        self.steady.copy_(torch.where(overflowed | grows, 0, steady))
        self.skipped.add_(overflowed)

    @property
    def is_spent(self) -> torch.Tensor:
        """Tell whether it is so small that an overflow is not its doing."""
        return self.size <= 1

    def tensors(self) -> Tensors:
        """Give it for a checkpoint."""
        return dict(zip(_ENTRIES, (self.size, self.steady, self.skipped), strict=True))

    def check(self, stored: Mapping[str, torch.Tensor]) -> None:
        """Raise WeightsDontFit unless `put` can take it."""
        for name in _ENTRIES:
            if name not in stored or stored[name].ndim:
                raise WeightsDontFit("weights.missing", tensor=name)

    def put(self, stored: Mapping[str, torch.Tensor]) -> None:
        """Put back what a checkpoint held."""
        for name, own in self.tensors().items():
            own.copy_(stored[name])
