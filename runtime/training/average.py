"""A moving average of the weights, which is validated and kept in the place of what is trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import nn

from .weights import Tensors, WeightsDontFit, like

ENTRY = "/average"


class Average:
    """Follows the trained weights: average = decay x average + (1 - decay) x weights after each step.

    In the first steps `decay` is lower, (1 + step) / (10 + step), so that the random first weights are soon forgotten.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.trained = {name: p for name, p in network.named_parameters() if p.requires_grad}
        self.averages = {name: parameter.detach().clone() for name, parameter in self.trained.items()}
        self._shown = False
        """Whether the network holds the averages, and `averages` what is trained."""

    @torch.no_grad()
    def follow(self, step: int) -> None:
        """Take in the weights after a step (from 0)."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(self.averages.values()), list(self.trained.values()), 1 - decay)

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
        return {name + ENTRY: average for name, average in self.averages.items()}

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
