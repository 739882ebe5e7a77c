"""The products with weights, by torch's own library or by oneDNN.

On AMD's processors with AVX-512 torch's MKL multiplies float32 at half the speed of oneDNN; without AVX-512 it is the
faster one (docs/performance.md). In bfloat16 torch takes oneDNN by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from .kernels import choose

LEAST = 2**22
"""Multiplications from which on a layer is worth a choice."""


def offers_onednn(tensor: Tensor) -> bool:
    """Tell whether oneDNN may be asked: float32 on the CPU, where autocast wants nothing else."""
    return (
        tensor.device.type == "cpu"
        and tensor.dtype == torch.float32
        and torch.backends.mkldnn.is_available()
        and not torch.is_autocast_enabled("cpu")
    )


def onednn(left: Tensor, right: Tensor, bias: Tensor | None = None) -> Tensor:
    """Give left (M, K) times the transpose of right (N, K), plus bias (N,): (M, N), without a gradient."""
    given: Tensor = torch.ops.mkldnn._linear_pointwise(left, right, bias, "none", [], "")
    return given


class _OneDNN(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(states, weight)
        return onednn(states, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        states, weight = ctx.saved_tensors
        wanted_states, wanted_weight, wanted_bias = ctx.needs_input_grad
        gradient = upstream[0]
        flat = gradient.reshape(-1, gradient.shape[-1])  # (M, N)
        return (
            onednn(flat, weight.t()).view(states.shape) if wanted_states else None,
            onednn(flat.t(), states.reshape(-1, states.shape[-1]).t()) if wanted_weight else None,
            flat.sum(dim=0) if wanted_bias else None,
        )


def by_onednn(states: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Do what `F.linear` does, by oneDNN in both directions."""
    given: Tensor = _OneDNN.apply(states, weight, bias)
    return given


WAYS: dict[str, Callable[[Tensor, Tensor, Tensor | None], Tensor]] = {"torch": F.linear, "onednn": by_onednn}


def _with_or_without_bias(way: Callable[..., Tensor], states: Tensor, weight: Tensor, *bias: Tensor) -> Tensor:
    return way(states, weight, bias[0] if bias else None)


class Linear(nn.Linear):
    """nn.Linear in the way that is fastest for the size on this machine."""

    def forward(self, input: Tensor) -> Tensor:
        """Map (..., K) to (..., N)."""
        if input.numel() * self.out_features < LEAST or not offers_onednn(input):
            return F.linear(input, self.weight, self.bias)
        about = f"linear {self.in_features}x{self.out_features}"
        given = (input, self.weight) if self.bias is None else (input, self.weight, self.bias)
        return choose(about, WAYS, given, _with_or_without_bias)(input, self.weight, self.bias)


def let_choose(network: nn.Module) -> None:
    """Have all linear layers of a network choose, a plugin's too; their parameters and names stay as they are."""
    for module in network.modules():
        if type(module) is nn.Linear:
            module.__class__ = Linear
