"""A mean of the weights on their way, which is validated and kept in the place of what is trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import nn

from ...plugins.work import Job
from .weights import Tensors, WeightsDontFit, like

ENTRY = "/average"
_TAKEN = "taken" + ENTRY

Share = Callable[[int, int], float]
"""Gives what the weights after a step (from 0) add to the mean, the weights of so many steps being in it already."""


def moving(decay: float) -> Share:
    """Follow the weights: mean = decay x mean + (1 - decay) x weights.

    In the first steps `decay` is lower, (1 + step) / (10 + step), so that the random first weights are soon forgotten.
    """
    return lambda step, taken: 1 - min(decay, (1 + step) / (10 + step))


def plain(step: int, taken: int) -> float:
    """Weigh all steps alike."""
    return 1 / (taken + 1)


def average_of(job: Job, network: nn.Module) -> Average | None:
    """Give the mean that a job keeps, if it keeps one."""
    if job.ema is not None:
        return Average(network, moving(job.ema))
    # Stochastic weight averaging (Izmailov et al. 2018, arXiv:1803.05407), of all steps and not of one an epoch.
    return Average(network, plain, job.swa) if job.swa is not None else None


class Average:
    """The mean of the trained weights from a part of the budget on; before that it holds nothing, and isn't shown."""

    def __init__(self, network: nn.Module, share: Share, start: float = 0.0) -> None:
        self.share, self.start = share, start
        self.trained = {name: p for name, p in network.named_parameters() if p.requires_grad}
        self.averages = {name: parameter.detach().clone() for name, parameter in self.trained.items()}
        self.taken = 0
        """Steps whose weights are in it."""
        self._shown = False
        """Whether the network holds the averages, and `averages` what is trained."""

    @torch.no_grad()
    def follow(self, step: int, done: float) -> None:
        """Take in the weights after a step (from 0), before which the part `done` of the budget was used."""
        if done < self.start:
            return
        torch._foreach_lerp_(list(self.averages.values()), list(self.trained.values()), self.share(step, self.taken))
        self.taken += 1

    @contextmanager
    def shown(self, shown: bool) -> Iterator[None]:
        """Have the network hold the averages, or what is trained, for a while; to the bit as before after it."""
        before = self._shown
        self._show(shown)
        try:
            yield
        finally:
            self._show(before)

    @torch.no_grad()
    def _show(self, shown: bool) -> None:
        shown = shown and self.taken > 0
        if shown == self._shown:
            return
        # In place: whoever holds the parameters (a compiled network, shards of it) sees the others.
        for name, parameter in self.trained.items():
            held = parameter.detach().clone()
            parameter.copy_(self.averages[name])
            self.averages[name].copy_(held)
        self._shown = shown

    def tensors(self) -> Tensors:
        """Give it for a checkpoint."""
        return {name + ENTRY: average for name, average in self.averages.items()} | {_TAKEN: torch.tensor(self.taken)}

    def check(self, stored: Mapping[str, torch.Tensor]) -> None:
        """Raise WeightsDontFit unless `put` can take it."""
        for name, average in self.tensors().items():
            if name not in stored or stored[name].shape != average.shape:
                raise WeightsDontFit("weights.missing", tensor=name)

    @torch.no_grad()
    def put(self, stored: Mapping[str, torch.Tensor]) -> None:
        """Put back what a checkpoint held."""
        for name, average in self.averages.items():
            average.copy_(like(average, stored[name + ENTRY]))
        self.taken = int(stored[_TAKEN])
