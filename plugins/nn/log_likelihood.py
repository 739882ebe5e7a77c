"""The log-likelihood of each target under a projection to a vocabulary, without holding all its logits.

N positions, H hidden size, V vocabulary size. Where a loss weighs positions by something that is known only once all of
them are (the two answers of a pair), no gradient can be made in the forward pass: the logits of a piece are made again in
the backward pass, four matrix products in all, and what is kept between is a number a position.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ..values import IGNORED
from . import MOST_LOGITS
from .likelihood import dtype_of


def log_likelihood(hidden: Tensor, weight: Tensor, targets: Tensor, bias: Tensor | None = None) -> Tensor:
    """Give the log-likelihood (N,) of targets (N,) under hidden states (N, H) times weight (V, H) plus bias (V,).

    In float32, in nats; 0 for targets that are IGNORED. Never are more than MOST_LOGITS logits held.
    """
    found: Tensor = _LogLikelihood.apply(hidden, weight, bias, targets, dtype_of(hidden))
    return found


class _LogLikelihood(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, dtype: torch.dtype
    ) -> Tensor:
        wide = torch.promote_types(dtype, torch.float32)
        found = hidden.new_zeros(len(targets), dtype=wide)
        normaliser = torch.zeros_like(found)
        low = weight.to(dtype)
        with _uncast(hidden):
            for rows in _pieces(len(targets), weight.shape[0]):
                scores = _logits(hidden[rows], low, bias, dtype).to(wide)
                normaliser[rows] = scores.logsumexp(dim=1)
                found[rows] = scores.gather(1, targets[rows].clamp(min=0).unsqueeze(1)).squeeze(1) - normaliser[rows]
        ctx.save_for_backward(hidden, weight, bias, targets, normaliser)
        ctx.dtype = dtype
        return found.masked_fill(targets == IGNORED, 0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        hidden, weight, bias, targets, normaliser = ctx.saved_tensors
        dtype, wide = ctx.dtype, normaliser.dtype
        wanted_hidden, wanted_weight, wanted_bias = ctx.needs_input_grad[:3]
        grad_hidden = torch.empty_like(hidden) if wanted_hidden else None
        # Added up in float32: in bfloat16 the later pieces would be rounded away.
        grad_weight = torch.zeros_like(weight) if wanted_weight else None
        grad_bias = torch.zeros_like(bias) if wanted_bias else None
        low = weight.to(dtype)
        share = upstream[0].to(wide).masked_fill(targets == IGNORED, 0).unsqueeze(1)  # (N, 1)
        with _uncast(hidden):
            for rows in _pieces(len(targets), weight.shape[0]):
                some = hidden[rows].to(dtype)
                gradient = (_logits(some, low, bias, dtype).to(wide) - normaliser[rows].unsqueeze(1)).exp_()
                gradient.mul_(-share[rows])
                gradient.scatter_add_(1, targets[rows].clamp(min=0).unsqueeze(1), share[rows])
                if grad_bias is not None:
                    grad_bias += gradient.sum(dim=0)
                narrow = gradient.to(dtype)
                if grad_hidden is not None:
                    grad_hidden[rows] = narrow @ low
                if grad_weight is not None:
                    grad_weight += narrow.t() @ some
        return grad_hidden, grad_weight, grad_bias, None, None


def _pieces(positions: int, vocabulary: int) -> list[slice]:
    size = max(1, min(positions, MOST_LOGITS // vocabulary))
    return [slice(start, min(start + size, positions)) for start in range(0, positions, size)]


def _logits(hidden: Tensor, weight: Tensor, bias: Tensor | None, dtype: torch.dtype) -> Tensor:
    logits = hidden.to(dtype) @ weight.t()
    return logits if bias is None else logits + bias.to(dtype)


def _uncast(hidden: Tensor) -> AbstractContextManager[Any]:
    """What autocast would do is done here, by `dtype`."""
    kind = hidden.device.type
    return torch.autocast(kind, enabled=False) if torch.amp.is_autocast_available(kind) else nullcontext()
