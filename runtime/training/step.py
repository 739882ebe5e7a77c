"""One step of training: gradients of a global batch, clipped, and looked at before they are used."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from .learner import Learner
from .loader import Ready, to_device
from .precision import autocast
from .team import Sums, Team
from .weights import whole


def gradients(
    team: Team,
    learner: Learner,
    ready: Ready,
    device: torch.device,
    dtype: torch.dtype,
) -> Sums:
    """Add up the gradients of the mean loss over all micro-batches of a step, and over the ranks of a team.

    Gives the sums over the whole batch, the loss as `loss`.
    """
    sums: Sums = {}
    for number, (part, weight) in enumerate(zip(ready.parts, ready.weights, strict=True), start=1):
        batch = to_device(part, device)
        with autocast(device, dtype):
            loss, shown = team.loss(learner, batch, last=number == len(ready.parts))
        # The denominator is that of the whole batch, so that every token weighs alike in every micro-batch.
        loss.backward(torch.full_like(loss, weight / (ready.count or 1.0)))
        for name, value in {"loss": loss, **shown}.items():
            own = value.detach() if weight else torch.zeros_like(value)
            sums[name] = sums[name] + own if name in sums else own
    return team.total(sums)


def clipped_norm(parameters: Iterable[nn.Parameter], limit: float | None) -> torch.Tensor:
    """Give the norm of all gradients, which are scaled down to `limit` if it is above."""
    used = [parameter for parameter in parameters if parameter.grad is not None]
    norm = whole(get_total_norm([parameter.grad for parameter in used if parameter.grad is not None]))
    if limit is not None:
        clip_grads_with_norm_(used, limit, norm)
    return norm


class NonFinite(Exception):
    """Raised for a loss or gradient that is not a finite number."""

    def __init__(self, step: int) -> None:
        super().__init__(step)
        self.step = step


@dataclass(slots=True)
class _Pending:
    step: int
    flag: torch.Tensor
    copied: torch.cuda.Event


class FiniteGuard:
    """Keeps the optimizer from a step that is not finite.

    On the CPU the check is made at once. On CUDA that would make the host wait for the device in every step; the
    optimizer is told through `found_inf` (as torch's GradScaler does) to leave the weights alone, and the host hears
    of it one step later. An optimizer that doesn't know `found_inf` is waited for.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, device: torch.device) -> None:
        self.optimizer = optimizer
        knows = bool(getattr(optimizer, "_step_supports_amp_scaling", False))
        self.late = device.type == "cuda" and knows
        self._pending: _Pending | None = None

    def admit(self, step: int, norm: torch.Tensor, loss: torch.Tensor) -> None:
        """Look at a step before its optimizer step; raises NonFinite for this one or the one before."""
        if not self.late:
            if not math.isfinite(float(norm) + float(loss)):
                raise NonFinite(step)
            return
        self.settle()
        bad = ~torch.isfinite(norm + loss)
        self.optimizer.grad_scale = None  # type: ignore[attr-defined]
        self.optimizer.found_inf = bad.float()  # type: ignore[attr-defined]
        flag = torch.empty((), dtype=torch.bool, pin_memory=True).copy_(bad, non_blocking=True)
        copied = torch.cuda.Event()
        copied.record()
        self._pending = _Pending(step, flag, copied)

    def settle(self) -> None:
        """Wait for the verdict on the last step that was admitted; nothing is saved before it."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.copied.synchronize()
            if bool(pending.flag):
                raise NonFinite(pending.step)
