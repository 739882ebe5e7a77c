"""Notices steps whose loss is far beyond what is usual."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

FAR = 6.0
"""How far above the mean a spike is, in usual differences: between normal losses, about seven standard deviations."""
LEAST = 0.02
"""The part of the mean that a spike exceeds it by at least, where the loss hardly moves."""
SEEN = 50
"""Steps before anything is said: the usual must be known first."""
MEAN_MEMORY, SPREAD_MEMORY = 1 / 20, 1 / 50
"""What a step adds to the running mean and to the usual difference."""
KEPT = 100
"""Spikes whose steps are kept."""


class Spikes:
    """Follows the loss of each step by its running mean and by the usual difference from step to step.

    Differences, because at the start of a training the distance to any mean is that of a falling curve.
    Losses are looked at when they are read anyway, so that no step waits for the device; what is found depends on the
    losses alone. A run of spikes counts as one.
    """

    def __init__(self) -> None:
        self.mean = self.spread = self.before = 0.0
        self.seen = self.count = 0
        self.within = False
        self.steps: list[int] = []
        """The steps at which the first spikes began, counted from 1."""
        self._waiting: list[tuple[int, torch.Tensor | float, float]] = []

    def add(self, step: int, loss: torch.Tensor, count: float) -> None:
        """Take in the sum of a step's losses, and what it is divided by."""
        self._waiting.append((step, float(loss) if loss.device.type == "cpu" else loss, count))

    def look(self) -> list[tuple[int, float, float]]:
        """Look at the losses since the last time: give step, loss and usual loss of each new spike."""
        waiting, self._waiting = self._waiting, []
        sums = [loss for _, loss, _ in waiting]
        if any(isinstance(loss, torch.Tensor) for loss in sums):
            sums = torch.stack([torch.as_tensor(loss) for loss in sums]).tolist()  # one transfer for all
        found = []
        for (step, _, count), total in zip(waiting, sums, strict=True):
            usual, loss = self.mean, float(total) / (count or 1.0)
            if self._is_new(loss):
                self.count += 1
                self.steps = [*self.steps, step][:KEPT]
                found.append((step, loss, usual))
        return found

    def _is_new(self, loss: float) -> bool:
        """Take in a loss; tell whether a spike begins with it."""
        if self.seen == 0:
            self.mean = self.before = loss
        far = loss - self.mean
        limit = max(FAR * self.spread, LEAST * abs(self.mean))
        spike = self.seen >= SEEN and far > limit
        begins = spike and not self.within
        self.within = spike
        # A spike moves what is usual no more than the most unusual loss that is none.
        loss = min(loss, self.mean + limit) if spike else loss
        self.mean += MEAN_MEMORY * (loss - self.mean)
        self.spread += max(SPREAD_MEMORY, 1 / (self.seen + 1)) * (abs(loss - self.before) - self.spread)
        self.before = loss
        self.seen += 1
        return begins

    def json(self) -> dict[str, Any]:
        """Give what it knows for a checkpoint; `look` comes before."""
        names = ("mean", "spread", "before", "seen", "count", "within", "steps")
        return {name: getattr(self, name) for name in names}

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Put back what a checkpoint held."""
        for name in self.json():
            setattr(self, name, stored.get(name, getattr(self, name)))
