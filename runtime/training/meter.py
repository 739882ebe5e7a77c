"""The losses of a training between two looks at them, added up without waiting for the device."""

from __future__ import annotations

import time
from collections.abc import Mapping

import torch

from .state import State
from .step import Sums


class Meter:
    """Adds up the sums of steps in float64 and gives their means.

    What it holds goes into checkpoints, so that a training that went on shows the same figures.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.dtype = torch.float32 if device.type == "mps" else torch.float64
        self.sums: dict[str, torch.Tensor | float] = {}
        self.count = 0.0
        self.began = time.monotonic()
        self.steps = 0

    def add(self, sums: Sums, count: float) -> None:
        """Add the sums of a step, and what they are divided by."""
        for name, value in sums.items():
            # A number on the CPU is there at once, and adding floats costs less than adding tensors.
            wide = float(value) if self.device.type == "cpu" else value.to(self.dtype)
            self.sums[name] = self.sums[name] + wide if name in self.sums else wide
        self.count += count
        self.steps += 1

    def take(self, state: State, tokens_per_step: float) -> dict[str, float] | None:
        """Give the means since the last time and how fast it went, and begin anew; None if there was no step."""
        if not self.sums:
            return None
        sums = {name: float(value) for name, value in self.sums.items()}
        figures = means(sums, self.count)
        figures["tokens_per_second"] = self.steps * tokens_per_step / max(time.monotonic() - self.began, 1e-9)
        state.since_validation[0] += sums["loss"]
        state.since_validation[1] += self.count
        self.sums, self.count = {}, 0.0
        self.restart_clock()
        return figures

    def restart_clock(self) -> None:
        """Measure the speed from now on: what was done last was no training."""
        self.began, self.steps = time.monotonic(), 0

    def json(self) -> dict[str, float]:
        """Give what it holds for a checkpoint."""
        return {name: float(value) for name, value in self.sums.items()} | {"count": self.count}

    def restore(self, stored: dict[str, float]) -> None:
        """Put back what a checkpoint held."""
        values = dict(stored)
        self.count = values.pop("count", 0.0)
        self.sums = {n: torch.tensor(value, dtype=self.dtype, device=self.device) for n, value in values.items()}


def means(sums: Mapping[str, float], count: float) -> dict[str, float]:
    """Divide each sum by `count`, or a sum `x` by the sum `x_count` if there is one, which isn't shown itself."""
    own = {name for name in sums if f"{name}_count" in sums}
    shown = {name: value for name, value in sums.items() if name.removesuffix("_count") not in own or name in own}
    return {name: value / (sums.get(f"{name}_count", count) or 1.0) for name, value in shown.items()}
