"""From gradients to weights: clipped, looked at, and followed by the optimizer and by the average of the weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

from ...plugins.work import Job
from .average import average_of
from .offload import Offload
from .scale import LossScale
from .step import FiniteGuard, clipped_norm
from .weights import Tensors, optimizer_tensors, put_optimizer


class Update:
    """The optimizer of a job with all that stands between it and the gradients."""

    def __init__(self, job: Job, network: nn.Module, device: torch.device, dtype: torch.dtype) -> None:
        self.job = job
        self.trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self.offload = Offload(network) if job.offload else None
        self.stepped = network if self.offload is None else self.offload.network
        """The network whose parameters the optimizer holds."""
        self.optimizer = job.optimizer.build(self.stepped)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.scale = LossScale(device) if dtype == torch.float16 else None
        self.average = average_of(job, network)
        self.guard = FiniteGuard(self.optimizer, device, self.scale, waits=self.offload is not None)
        self.norm: torch.Tensor | None = None
        """The norm of the gradients of the last step."""
        self.factor = 0.0

    @property
    def loss_scale(self) -> torch.Tensor | None:
        return None if self.scale is None else self.scale.size

    @property
    def skipped(self) -> int | None:
        """The steps that were left out because they overflowed; None if no step is."""
        return None if self.scale is None else int(self.scale.skipped)

    def take(self, step: int, loss: torch.Tensor, done: float, factor: Callable[[], float]) -> None:
        """Take a step along the gradients, at `factor()` of the learning rates; NonFinite if it may not be taken.

        `done` is the part of the budget that was used before it.
        """
        if self.scale is not None:
            self.scale.unscale(self.trained)
        norm = clipped_norm(self.trained, self.job.clip, self.job.clip_value)
        taken = self.guard.admit(step, norm, loss)
        self.norm, self.factor = norm, factor()
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * self.factor
        if taken:
            self._step()
        for parameter in self.trained:
            parameter.grad = None
        if self.average is not None:
            self.average.follow(step, done)

    def _step(self) -> None:
        if self.offload is not None:
            self.offload.bring()
        self.optimizer.step()
        if self.offload is not None:
            self.offload.give()

    def averaged(self, shown: bool = True) -> AbstractContextManager[None]:
        """Have the network hold the weights that are validated and kept, or those that are trained."""
        return nullcontext() if self.average is None else self.average.shown(shown)

    def tensors(self) -> Tensors:
        """Give what a checkpoint holds beside the weights."""
        tensors = optimizer_tensors(self.optimizer, self.stepped)
        for part in (self.average, self.scale):
            tensors |= {} if part is None else part.tensors()
        return tensors

    def put(self, stored: Mapping[str, torch.Tensor]) -> None:
        """Put back what a checkpoint held; WeightsDontFit, and nothing changed, if it is another training's."""
        parts = [part for part in (self.average, self.scale) if part is not None]
        beside = {name for part in parts for name in part.tensors()}
        for part in parts:
            part.check(stored)
        put_optimizer(self.optimizer, self.stepped, {n: tensor for n, tensor in stored.items() if n not in beside})
        for part in parts:
            part.put(stored)

    def weights_changed(self) -> None:
        """Hear that the network's weights were put there from elsewhere."""
        if self.offload is not None:
            self.offload.follow()
