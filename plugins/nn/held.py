"""Frozen weights of linear layers, held in 8 or 4 bits while something is trained beside them (QLoRA).

Dettmers et al. 2023, arXiv:2305.14314. torchao makes the bits; each product multiplies by the weights that they stand for,
in the format that the input has, and makes them anew for the backward pass: whole weights exist of one layer at a time.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ..adapters import BLOCK, Bits
from .products import Linear

_SCALES = 256
"""Scales of nf4 that share one of their own, at most."""
_TABLE = 17 * 4
"""Bytes of what a matrix in nf4 has once: its 16 values, and the mean of its scales."""


class Held(Linear):
    """A linear layer whose weights are held in few bits. They are called `weight` as before, and take no gradient."""

    def forward(self, input: Tensor) -> Tensor:
        """Map (..., I) to (..., O)."""
        kind = input.device.type
        # Autocast knows nothing of these weights.
        if torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind):
            input = input.to(torch.get_autocast_dtype(kind))
        product: Tensor = _Product.apply(input, self.weight)
        return product if self.bias is None else product + self.bias.to(product.dtype)


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, input: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(weight)
        return F.linear(input, whole(weight).to(input.dtype))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, None]:
        (weight,) = ctx.saved_tensors
        gradient = upstream[0]
        return gradient @ whole(weight).to(gradient.dtype), None


def held_in(network: nn.Module) -> set[nn.Parameter]:
    """Give the weights of a network that are held in few bits."""
    held = (module for module in network.modules() if isinstance(module, Held))
    return {layer.weight for layer in held if isinstance(layer.weight, nn.Parameter)}


def whole(weight: Tensor) -> Tensor:
    """Give weights as plain numbers (O, I), whatever they are held in."""
    eight = hasattr(weight, "qdata")
    # What nf4 calls `dequantize` is something else.
    back = weight.dequantize if eight else getattr(weight, "get_original_weight", None)
    plain: Tensor = weight if back is None else back()
    return plain


def in_bits(weight: Tensor, bits: Bits) -> Tensor:
    """Give weights (O, I) in few bits; those in nf4 are a multiple of BLOCK."""
    from torchao.quantization import Int8Tensor, PerRow, to_nf4

    held: Tensor = (
        Int8Tensor.from_hp(weight, granularity=PerRow()) if bits == "int8" else to_nf4(weight, BLOCK, _shared(weight))
    )
    return held


def bytes_in(weight: Tensor, bits: Bits) -> int:
    """Give the bytes of weights (O, I) in few bits, by arithmetic: a plan needs no torchao."""
    if bits == "int8":
        return weight.numel() + len(weight) * 5  # a scale for each row, and a zero
    scales = weight.numel() // BLOCK
    return weight.numel() // 2 + scales + scales // _shared(weight) * 4 + _TABLE


def _shared(weight: Tensor) -> int:
    """Give how many scales of nf4 share one: they must come out even."""
    return math.gcd(weight.numel() // BLOCK, _SCALES)
