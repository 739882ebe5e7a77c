"""A matrix product for each group of rows: what a mixture of experts is computed with.

T rows, sorted by group; E groups; K in, N out.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from torch.utils.flop_counter import register_flop_formula


@torch.library.custom_op("llx::grouped_matmul", mutates_args=())
def grouped_matmul(rows: Tensor, weights: Tensor, ends: Tensor) -> Tensor:
    """Multiply each group of rows (T, K) with its own weight of (E, K, N): (T, N).

    Group e is the rows before `ends[e]` (E,), int32, that no group before it has. The shapes never depend on how the
    rows are shared among the groups, so that nothing is dropped and nothing recompiled.
    """
    if _has_kernel(rows, weights):
        return F.grouped_mm(rows, weights, offs=ends)
    made = rows.new_empty(rows.shape[0], weights.shape[2])
    for group, (start, end) in enumerate(_bounds(ends)):
        torch.mm(rows[start:end], weights[group], out=made[start:end])
    return made


@torch.library.custom_op("llx::grouped_outer", mutates_args=())
def grouped_outer(rows: Tensor, others: Tensor, ends: Tensor) -> Tensor:
    """Multiply the rows (T, K) of each group, transposed, with its other rows (T, N): (E, K, N)."""
    made = rows.new_empty(ends.shape[0], rows.shape[1], others.shape[1])
    for group, (start, end) in enumerate(_bounds(ends)):
        torch.mm(rows[start:end].t(), others[start:end], out=made[group])
    return made


def _has_kernel(rows: Tensor, weights: Tensor) -> bool:
    """Tell whether torch has a kernel that asks for no bounds on the host: bf16 on CUDA, in multiples of 16 bytes."""
    fits = weights.shape[1] % 8 == 0 and weights.shape[2] % 8 == 0
    return rows.device.type == "cuda" and rows.dtype == torch.bfloat16 and fits


def _bounds(ends: Tensor) -> list[tuple[int, int]]:
    stops: list[int] = ends.tolist()
    return list(zip([0, *stops[:-1]], stops, strict=True))


@grouped_matmul.register_fake
def _(rows: Tensor, weights: Tensor, ends: Tensor) -> Tensor:
    return rows.new_empty(rows.shape[0], weights.shape[2])


@grouped_outer.register_fake
def _(rows: Tensor, others: Tensor, ends: Tensor) -> Tensor:
    return rows.new_empty(ends.shape[0], rows.shape[1], others.shape[1])


def _keep(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
    rows, weights, ends = ctx.saved_tensors
    gradient = gradient.contiguous()
    turned = weights.transpose(1, 2).contiguous()
    return grouped_matmul(gradient, turned, ends), grouped_outer(rows, gradient, ends), None


grouped_matmul.register_autograd(_backward, setup_context=_keep)


@register_flop_formula(torch.ops.llx.grouped_matmul)
def _flops(rows: Any, weights: Any, ends: Any, *args: Any, **more: Any) -> int:
    return 2 * rows[0] * weights[1] * weights[2]


@register_flop_formula(torch.ops.llx.grouped_outer)
def _outer_flops(rows: Any, others: Any, ends: Any, *args: Any, **more: Any) -> int:
    return 2 * rows[0] * rows[1] * others[1]
