"""One step of training: gradients of a global batch, clipped, and looked at before they are used."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.utils import clip_grad_value_, clip_grads_with_norm_, get_total_norm

from .learner import Learner
from .loader import Ready, to_device
from .precision import autocast
from .scale import LossScale
from .team import Sums, Team


def gradients(
    team: Team,
    learner: Learner,
    ready: Ready,
    device: torch.device,
    dtype: torch.dtype,
    scale: torch.Tensor | None = None,
    lap: Callable[[str], None] = lambda part: None,
) -> Sums:
    """Add up the gradients of the mean loss over all micro-batches of a step, and over the ranks of a team.

    Gives the sums over the whole batch, the loss as `loss`. The gradients, and not the sums, are multiplied by `scale`.
    `lap` hears when a forward and when a backward pass was queued.
    """
    sums: Sums = {}
    for number, (part, weight) in enumerate(zip(ready.parts, ready.weights, strict=True), start=1):
        batch = to_device(part, device)
        with autocast(device, dtype):
            loss, shown = team.loss(learner, batch, last=number == len(ready.parts))
        lap("forward")
        # The denominator is that of the whole batch, so that every token weighs alike in every micro-batch.
        share = torch.full_like(loss, weight / (ready.count or 1.0))
        loss.backward(share if scale is None else share * scale)
        lap("backward")
        for name, value in {"loss": loss, **shown}.items():
            own = value.detach() if weight else torch.zeros_like(value)
            sums[name] = sums[name] + own if name in sums else own
    return team.total(sums)


def clipped_norm(parameters: Iterable[nn.Parameter], limit: float | None, value: float | None = None) -> torch.Tensor:
    """Give the norm of all gradients.

    Each number of them is then cut to -value…value, and all are scaled down to a norm of `limit` if it is above.
    """
    used = [parameter for parameter in parameters if parameter.grad is not None]
    norm = _whole(get_total_norm([parameter.grad for parameter in used if parameter.grad is not None]))
    cut = norm
    if value is not None:
        clip_grad_value_(used, value)
        cut = _whole(get_total_norm([parameter.grad for parameter in used if parameter.grad is not None]))
    if limit is not None:
        clip_grads_with_norm_(used, limit, cut)
    return norm


def _whole(norm: torch.Tensor) -> torch.Tensor:
    """Add up a norm of which each rank holds a part: all ranks must ask for it."""
    gather = getattr(norm, "full_tensor", None)
    return gather() if gather is not None else norm


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

    With a scale of the loss a gradient that is not finite is an overflow: the step is skipped and the scale lowered,
    unless it is so low already that it can't be the reason. A loss that is not finite was never scaled, and is refused.

    On the CPU the check is made at once. On CUDA that would make the host wait for the device in every step; the
    optimizer is told through `found_inf` (as torch's GradScaler does) to leave the weights alone, and the host hears
    of it one step later. An optimizer that doesn't know `found_inf` is waited for.
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        device: torch.device,
        scale: LossScale | None = None,
        *,
        waits: bool = False,
    ) -> None:
        self.optimizer, self.scale = optimizer, scale
        knows = bool(getattr(optimizer, "_step_supports_amp_scaling", False))
        self.late = device.type == "cuda" and knows and not waits
        self._pending: _Pending | None = None

    def admit(self, step: int, norm: torch.Tensor, loss: torch.Tensor) -> bool:
        """Tell whether a step may be taken; raises NonFinite for this one or the one before.

        Where it doesn't wait, the optimizer itself leaves out a step that may not be taken.
        """
        if not self.late and self.scale is None:
            if not math.isfinite(float(norm) + float(loss)):
                raise NonFinite(step)
            return True
        self.settle()
        skip = bad = ~torch.isfinite(norm + loss)
        if self.scale is not None:
            skip, bad = bad, ~torch.isfinite(loss) | (bad & self.scale.is_spent)
            self.scale.update(skip)
        if not self.late:
            if bool(bad):
                raise NonFinite(step)
            return not bool(skip)
        self.optimizer.grad_scale = None  # type: ignore[attr-defined]
        self.optimizer.found_inf = skip.float()  # type: ignore[attr-defined]
        flag = torch.empty((), dtype=torch.bool, pin_memory=True).copy_(bad, non_blocking=True)
        copied = torch.cuda.Event()
        copied.record()
        self._pending = _Pending(step, flag, copied)
        return True

    def settle(self) -> None:
        """Wait for the verdict on the last step that was admitted; nothing is saved before it."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.copied.synchronize()
            if bool(pending.flag):
                raise NonFinite(pending.step)
