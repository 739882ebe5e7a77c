"""What is told of a training beside its loss: where its time goes, how large its steps are, and what is unusual."""

from __future__ import annotations

import os

import torch

from ...plugins.nn.network import Network
from ...plugins.nn.parameters import passes
from .by_source import losses_by_source
from .calibrate import matmul_peak
from .ratio import UpdateRatio
from .remembered import is_switched_off
from .setup import Setup
from .spikes import Spikes
from .stopwatch import Stopwatch

LOOK_EVERY = 100
"""Steps between looks that cost something: how far a step moves the weights, the loss by source."""
FIRST_LOOK = 10
_PEAK_AFTER = 5.0
"""Seconds of training before the peak of the device is measured, which takes some tenths of one."""


class Monitor:
    """Measures a training without making it wait; the loop tells it what happens and asks when it logs."""

    def __init__(self, setup: Setup, network: Network) -> None:
        self.setup, self.network = setup, network
        self.watch = Stopwatch(setup.device)
        self.spikes = Spikes()
        self.ratio = UpdateRatio(p for p in network.parameters() if p.requires_grad)
        length = setup.shards.row_length()
        self.flops_per_token = passes(network) * setup.job.model.flops_per_token(setup.facts["vocab_size"], length)
        self._peak: float | None = None
        self._looks = not setup.team.sharded
        """Whether the weights can be looked at here: of shards nothing is told that needs them whole."""

    def before_update(self, step: int) -> None:
        """Hear that the optimizer comes next; steps count from 0."""
        if self._looks and _is_due(step + 1):
            self.ratio.before()

    def after_update(self) -> None:
        """Hear that the optimizer has done its step."""
        self.ratio.after()

    def figures(self, step: int, micro_batch: int, tokens_per_second: float, elapsed: float) -> dict[str, float]:
        """Give the figures of the steps since the last time; `step` steps are done."""
        figures = self.watch.take()
        figures["memory_bytes"] = float(memory_bytes(self.setup.device))
        if (ratio := self.ratio.take()) is not None:
            figures["update_ratio"] = ratio
        if (peak := self._known_peak(elapsed)) is not None:
            figures["mfu"] = tokens_per_second * self.flops_per_token / (peak * self.setup.team.size)
        if self._looks and _is_due(step):
            found = losses_by_source(self.network, self.setup, step, micro_batch)
            figures |= {f"loss/{name}": loss for name, loss in found.items()}
        return figures

    def _known_peak(self, elapsed: float) -> float | None:
        """Give the FLOP/s of large matrix products on this device, once it is worth the time to measure them."""
        if self._peak is None and elapsed > _PEAK_AFTER and not is_switched_off():
            self._peak = matmul_peak(self.setup.device, self.setup.dtype)
        return self._peak


def memory_bytes(device: torch.device) -> int:
    """Give the most bytes that tensors held on CUDA so far, or what the process holds now."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    try:
        with open("/proc/self/statm", "rb", buffering=0) as file:  # noqa: PTH123 — a third of the time of Path's
            return int(file.read(64).split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        import resource
        import sys

        # The most so far, in bytes on macOS and in KiB elsewhere.
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


def _is_due(step: int) -> bool:
    return step == FIRST_LOOK or step % LOOK_EVERY == 0
