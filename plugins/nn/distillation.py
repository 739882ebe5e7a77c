"""How far a model's distribution of the next token is from its teacher's, without holding all logits of either.

N positions, H and G hidden sizes of the two, V vocabulary size.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ..values import IGNORED
from . import MOST_LOGITS
from .cross_entropy import Options, Pass
from .likelihood import dtype_of

Projected = tuple[Tensor, Tensor, Tensor | None]
"""Hidden states (N, H), and the weight (V, H) and bias (V,) that project them to the vocabulary."""


def divergence(student: Projected, teacher: Projected, targets: Tensor, temperature: float = 1.0) -> Tensor:
    """Sum KL(teacher || student) over the positions whose target isn't IGNORED, in float32, times the square of the temperature.

    Both distributions are softened by the temperature (Hinton et al. 2015, arXiv:1503.02531, section 2); its square keeps
    gradients as large as those of the cross-entropy. The teacher gets no gradient. Never are more than MOST_LOGITS
    logits of both held.
    """
    hidden, weight, bias = student
    if not torch.is_grad_enabled():
        with torch.no_grad():
            return _Taught(student, teacher, targets, temperature, (False, False, False)).sum(targets)
    total: Tensor = _Divergence.apply(hidden, weight, bias, targets, temperature, *teacher)
    return total


class _Divergence(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        targets: Tensor,
        temperature: float,
        *teacher: Any,
    ) -> Tensor:
        made = _Taught((hidden, weight, bias), teacher, targets, temperature, ctx.needs_input_grad[:3])
        total = made.sum(targets)
        ctx.save_for_backward(made.grad_hidden, made.grad_weight, made.grad_bias)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        scaled = [None if each is None else each * upstream[0].to(each.dtype) for each in ctx.saved_tensors]
        return (*scaled, None, None, None, None, None)


class _Taught(Pass):
    """One way over all positions, the teacher's logits made beside the student's."""

    def __init__(
        self,
        student: Projected,
        teacher: Projected,
        targets: Tensor,
        temperature: float,
        wanted: tuple[bool, bool, bool],
    ) -> None:
        hidden, weight, bias = student
        dtype = dtype_of(hidden)
        rows = max(1, MOST_LOGITS // (2 * weight.shape[0]))
        super().__init__(hidden, weight, bias, Options(rows, dtype), wanted)
        states, own, shift = teacher
        self.teacher = states, own.to(dtype), None if shift is None else shift.to(dtype)
        self.temperature = temperature

    def piece(self, rows: slice, targets: Tensor, room: Tensor) -> Tensor:
        """Give the divergence at some positions, and add up its gradient."""
        some = self.hidden[rows].to(self.options.dtype)
        states, weight, bias = self.teacher
        taught = states[rows].to(self.options.dtype) @ weight.t()
        taught = (taught if bias is None else taught + bias).to(self.wide)
        wanted = taught.div_(self.temperature).log_softmax(dim=1)
        found = self.logits(some, room[: len(targets)]).to(self.wide).div(self.temperature).log_softmax(dim=1)
        counted = targets.ne(IGNORED).unsqueeze(1).to(self.wide)  # (n, 1)
        probable = wanted.exp()
        loss = (probable * (wanted - found)).sum(dim=1, keepdim=True) * counted * self.temperature**2
        if self.grad_hidden is not None or self.grad_weight is not None:
            # With respect to the logits: T (softmax of the student's - softmax of the teacher's), both over T.
            gradient = found.exp_().sub_(probable).mul_(counted * self.temperature)
            self.pass_on(gradient, some, rows)
        return loss.sum()
