"""Chooses between kernels by timing them on this machine, and remembers it.

A choice is made when a training first meets a size, takes some tenths of a second, and is kept in the user's cache, so
that the next run has the same bits. What a training chose goes into its checkpoints and is taken again when it goes on.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from typing import Any

import torch

from ...plugins.nn.kernels import Trial
from .remembered import is_switched_off, recall, remember

SECONDS = 0.8
"""How long one choice may take, unless two rounds take longer."""
ROUNDS = 7
GAIN = 0.93
"""The part of the first way's time that another one has to stay under: what is only about as fast isn't worth it."""


class Calibration:
    """A chooser for one job on one device."""

    def __init__(self, device: torch.device, fixed: bool = False) -> None:
        self.device, self.fixed = device, fixed
        self.taken: dict[str, str] = {}
        """What was chosen, by what for."""
        self._known: dict[str, Any] | None = None

    def choose(self, about: str, trials: Mapping[str, Trial]) -> str:
        """Give the name of the fastest way, as remembered, or as it turns out now."""
        if self.fixed or not torch.is_grad_enabled():  # without gradients nothing is trained (yet): not worth it
            return next(iter(trials))
        name = self._remembered(about, trials) or self._measured(about, trials)
        self.taken[about] = name
        return name

    def restore(self, taken: object) -> None:
        """Take what a checkpoint says was taken."""
        if isinstance(taken, dict):
            self.taken |= {str(about): str(name) for about, name in taken.items()}

    def _remembered(self, about: str, trials: Mapping[str, Trial]) -> str | None:
        if self._known is None:
            self._known = recall(self.device, "choices")
        known = self._known.get(about)
        if isinstance(known, dict) and known.get("ways") == list(trials):
            name = known.get("way")
            return name if name in trials else None
        return None

    def _measured(self, about: str, trials: Mapping[str, Trial]) -> str:
        times = measure(trials, self.device)
        first = next(iter(trials))
        best = min(times, key=lambda name: times[name], default=first)
        name = best if best != first and times[best] < GAIN * times.get(first, float("inf")) else first
        entry = {
            "way": name,
            "ways": list(trials),
            "milliseconds": {way: round(1000 * took, 4) for way, took in times.items()},
        }
        remember(self.device, "choices", {about: entry})
        return name


def measure(trials: Mapping[str, Trial], device: torch.device) -> dict[str, float]:
    """Time ways in turn and give the least seconds of each: what disturbs a measurement only ever adds to it."""
    able = {name: once for name, once in trials.items() if _works(once, device)}
    times = dict.fromkeys(able, float("inf"))
    began = time.perf_counter()
    for number in range(ROUNDS):
        for name, once in able.items():
            finish(device)
            start = time.perf_counter()
            once()
            finish(device)
            times[name] = min(times[name], time.perf_counter() - start)
        if number and time.perf_counter() - began > SECONDS:
            break
    return times


def _works(once: Trial, device: torch.device) -> bool:
    """Try a way: there may be no kernel for the size or the mask, or not enough memory."""
    try:
        once()
        finish(device)
    except RuntimeError:
        return False
    return True


def finish(device: torch.device) -> None:
    """Wait until the device has done what it was given."""
    if device.type in ("cuda", "mps", "xpu"):
        getattr(torch, device.type).synchronize()


def calibration(settings: Mapping[str, Any], device: torch.device) -> Calibration:
    """Give the chooser for a job: `deterministic` and LLX_CALIBRATE=off have the first way taken, without measuring."""
    return Calibration(device, fixed=bool(settings.get("deterministic")) or is_switched_off())


PEAK_SIDES = (1024, 2048)
PEAK_SECONDS = 0.15


def matmul_peak(device: torch.device, dtype: torch.dtype) -> float:
    """Give the FLOP/s of large matrix products in a number format, the best that was measured: MFU's denominator."""
    return _peak(device, dtype, torch.get_num_threads())


@functools.cache
def _peak(device: torch.device, dtype: torch.dtype, threads: int) -> float:
    name = str(dtype).removeprefix("torch.")
    known = {} if is_switched_off() else recall(device, "peaks")
    if isinstance(known.get(name), float):
        return float(known[name])
    peak = measured_peak(device, dtype)
    remember(device, "peaks", {name: peak})
    return peak


def measured_peak(device: torch.device, dtype: torch.dtype) -> float:
    """Measure the FLOP/s of large matrix products now."""
    best = 0.0
    for side in PEAK_SIDES:
        left, right, out = (torch.ones(side, side, device=device, dtype=dtype) for _ in range(3))
        torch.mm(left, right, out=out)
        finish(device)
        began = time.perf_counter()
        while True:
            start = time.perf_counter()
            torch.mm(left, right, out=out)
            finish(device)
            end = time.perf_counter()
            best = max(best, 2 * side**3 / max(end - start, 1e-9))
            if end - began > PEAK_SECONDS:
                break
        if end - start > PEAK_SECONDS:
            break  # a larger one would take seconds
    return best
