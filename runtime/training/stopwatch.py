"""Where the time of a step goes: data, forward, backward, optimizer, checkpoint."""

from __future__ import annotations

import time

import torch

PARTS = ("data", "forward", "backward", "optimizer", "checkpoint", "rest")


class Stopwatch:
    """Adds up the time between laps by part.

    On the CPU by its clock. On CUDA, where work is only queued, by events that the device passes: nothing waits for
    them until what they measured is over anyway. There `data` and `checkpoint` are what the device stood still for.
    Written for CUDA, and untried on it.
    """

    def __init__(self, device: torch.device) -> None:
        self.queued = device.type == "cuda"
        self._spent: dict[str, float] = {}
        self._steps = 0
        self._last = time.perf_counter()
        self._marks: list[tuple[str | None, torch.cuda.Event]] = []
        self._free: list[torch.cuda.Event] = []

    def lap(self, part: str | None) -> None:
        """Say that what was done since the last lap was this part; None: no training."""
        if part == "optimizer":
            self._steps += 1
        if self.queued:
            event = self._free.pop() if self._free else torch.cuda.Event(enable_timing=True)
            event.record()
            self._marks.append((part, event))
            return
        now = time.perf_counter()
        if part is not None:
            self._spent[part] = self._spent.get(part, 0.0) + now - self._last
        self._last = now

    def take(self) -> dict[str, float]:
        """Give the milliseconds a step by part since the last time (`ms_data`, …), and begin anew.

        On CUDA what was queued is waited for: call it where the losses have been read.
        """
        if self.queued:
            self._read()
        steps = max(self._steps, 1)
        figures = {f"ms_{part}": 1000 * self._spent[part] / steps for part in PARTS if part in self._spent}
        self._spent, self._steps = {}, 0
        return figures

    def _read(self) -> None:
        """Read the events that were passed; the last one stays as the beginning of what follows."""
        if not self._marks:
            return
        self._marks[-1][1].synchronize()
        before = self._marks[0][1]
        for part, event in self._marks[1:]:
            if part is not None:
                self._spent[part] = self._spent.get(part, 0.0) + before.elapsed_time(event) / 1000
            before = event
        self._free += [event for _, event in self._marks[:-1]]
        self._marks = [(None, before)]
