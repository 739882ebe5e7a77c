"""Cross-entropy whose gradient is made in the forward pass, so that logits live for a moment only.

N positions, H hidden size, V vocabulary size. The logits of some positions are made, turned in place into the softmax
and then into the gradient, and multiplied into the gradients of hidden states and weights before the next ones are
made: three matrix products for each, where making logits again in the backward pass takes four (as in Liger,
arXiv:2410.10989). Logits that fit the cache are never written to memory at all.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ...dsl.record import Record
from ..values import IGNORED
from .products import onednn


class Options(Record):
    """How the loss is made: see `vocabulary_loss`."""

    rows: int
    """Positions whose logits are held at once."""
    dtype: torch.dtype
    """In what the products with the weights are made."""
    smoothing: float = 0.0
    z_loss: float = 0.0
    by_onednn: bool = False
    """Whether oneDNN makes the products, which needs float32 on the CPU."""


def summed(hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, options: Options) -> Tensor:
    """Sum the cross-entropy of targets (N,) under hidden states (N, H) projected by weight (V, H) and bias (V,)."""
    if torch.is_grad_enabled() and (hidden.requires_grad or weight.requires_grad):
        total: Tensor = _Summed.apply(hidden, weight, bias, targets, options)
        return total
    with torch.no_grad():
        return Pass(hidden, weight, bias, options, (False, False, False)).sum(targets)


class _Summed(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, options: Options
    ) -> Tensor:
        made = Pass(hidden, weight, bias, options, ctx.needs_input_grad[:3])
        total = made.sum(targets)
        ctx.save_for_backward(made.grad_hidden, made.grad_weight, made.grad_bias)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        scaled = [None if each is None else each * upstream[0].to(each.dtype) for each in ctx.saved_tensors]
        return (*scaled, None, None)


class Pass:
    """One way over all positions, with the gradients that are wanted: of hidden states, weight, bias."""

    def __init__(
        self, hidden: Tensor, weight: Tensor, bias: Tensor | None, options: Options, wanted: tuple[bool, bool, bool]
    ) -> None:
        self.hidden, self.options = hidden, options
        self.wide = torch.promote_types(options.dtype, torch.float32)
        self.weight = weight.to(options.dtype)
        self.bias = None if bias is None else bias.to(options.dtype)
        wanted_hidden, wanted_weight, wanted_bias = wanted
        self.grad_hidden = torch.empty_like(hidden) if wanted_hidden else None
        # Added up in float32: in bfloat16 the later pieces would be rounded away.
        self.grad_weight = torch.zeros_like(weight) if wanted_weight else None
        self.grad_bias = torch.zeros_like(bias) if wanted_bias and bias is not None else None

    def sum(self, targets: Tensor) -> Tensor:
        """Give the sum of losses (a scalar, float32 at least), and add up the gradients on the way."""
        size = min(self.options.rows, len(targets))
        total = self.hidden.new_zeros((), dtype=self.wide)
        room = self.hidden.new_empty(size, self.weight.shape[0], dtype=self.options.dtype)
        # What autocast would do is done here, by `dtype`.
        kind = self.hidden.device.type
        with torch.autocast(kind, enabled=False) if torch.amp.is_autocast_available(kind) else nullcontext():
            for start in range(0, len(targets), size):
                total += self.piece(slice(start, start + size), targets[start : start + size], room)
        return total

    def piece(self, rows: slice, targets: Tensor, room: Tensor) -> Tensor:
        """Give the loss of some positions; `room` holds their logits meanwhile."""
        some = self.hidden[rows].to(self.options.dtype)
        scores = self.logits(some, room[: len(targets)]).to(self.wide)  # (n, V)
        smoothing, z_loss = self.options.smoothing, self.options.z_loss
        counted = targets.ne(IGNORED).unsqueeze(1).to(self.wide)  # (n, 1), like all that follows
        index = targets.clamp(min=0).unsqueeze(1)
        picked = scores.gather(1, index)
        if smoothing:
            picked = (1 - smoothing) * picked + smoothing * scores.mean(dim=1, keepdim=True)
        top = scores.amax(dim=1, keepdim=True)
        scores.sub_(top).exp_()
        added = scores.sum(dim=1, keepdim=True)
        normaliser = added.log() + top
        loss = normaliser - picked
        if z_loss:
            loss = loss + z_loss * normaliser.square()
        if self.grad_hidden is not None or self.grad_weight is not None:
            scores.mul_(counted * (1 + 2 * z_loss * normaliser) / added)
            scores.scatter_add_(1, index, (smoothing - 1) * counted)
            if smoothing:
                scores.sub_(counted * (smoothing / scores.shape[1]))
            self.pass_on(scores, some, rows)
        return (loss * counted).sum()

    def logits(self, some: Tensor, room: Tensor) -> Tensor:
        """Give the logits (n, V) of hidden states (n, H), in the `room` for them where it can be used."""
        if self.options.by_onednn:
            return onednn(some, self.weight, self.bias)
        if self.bias is None:
            return torch.mm(some, self.weight.t(), out=room)
        return torch.addmm(self.bias, some, self.weight.t(), out=room)

    def pass_on(self, gradient: Tensor, some: Tensor, rows: slice) -> None:
        """Multiply the gradient of the logits (n, V) into those of hidden states and weights."""
        low = gradient.to(self.options.dtype)
        if self.options.by_onednn:
            if self.grad_hidden is not None:
                self.grad_hidden[rows] = onednn(low, self.weight.t())
            if self.grad_weight is not None:
                self.grad_weight += onednn(low.t(), some.t())
        else:
            self._multiply(low, some, rows)
        if self.grad_bias is not None:
            self.grad_bias += gradient.sum(dim=0)

    def _multiply(self, low: Tensor, some: Tensor, rows: slice) -> None:
        if self.grad_hidden is not None:
            self.grad_hidden[rows] = low @ self.weight
        if self.grad_weight is not None:
            if low.dtype == self.grad_weight.dtype:
                self.grad_weight.addmm_(low.t(), some)
            else:
                self.grad_weight += low.t() @ some
