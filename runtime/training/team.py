"""Those who train together: one process alone, or the ranks of several."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from .learner import Learner
from .order import key
from .weights import write_tensors

Sums = dict[str, torch.Tensor]


class Team:
    """One process alone. `Ranks` is the same for several, and the loop knows no difference.

    What differs from process to process (a clock, a signal, a disk) must be agreed on before it decides anything:
    the ranks wait for each other in every step, and one that does something else waits for ever.
    """

    rank = 0
    size = 1
    sharded = False
    """Whether each rank holds a part of every tensor."""

    @property
    def writes(self) -> bool:
        """Tell whether this one takes part in writing files: the first one does, and each that holds parts of tensors."""
        return self.sharded or self.rank == 0

    def write(self, path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
        """Write tensors to a safetensors file, with all others that write; it is whole when this returns."""
        write_tensors(path, tensors)

    def wait(self) -> None:
        """Wait for all others that write, in the thread that saves as in the one that trains."""

    def place(self, learner: Learner, dtype: torch.dtype) -> None:
        """Spread a network over the devices, before its optimizer is made."""

    def thawed(self, learner: Learner) -> None:
        """Hear that more of the network is trained from this step on."""

    def loss(self, learner: Learner, batch: Mapping[str, torch.Tensor], last: bool) -> tuple[torch.Tensor, Sums]:
        """Run the forward pass of a micro-batch; `last` is the last one before the gradients are used."""
        loss, shown, _ = learner(batch)
        return loss, shown

    def total(self, sums: Sums) -> Sums:
        """Add up sums over the ranks."""
        return sums

    def now(self) -> float:
        """Give the time in seconds, the same for all ranks."""
        return time.monotonic()

    def meet(self, stop: bool, due: bool = False) -> tuple[bool, bool]:
        """Tell whether any rank was asked to stop, and whether the first one finds that something is due."""
        return stop, due

    def first_says(self, value: Any) -> Any:
        """Give what the first rank says; what the others say counts for nothing. It is small JSON."""
        return value

    def seed(self, seed: int, step: int) -> int:
        """Give the seed of what a step draws on the device: rows of different ranks get dropout of their own."""
        return key(seed, "step", step, *([self.rank] if self.rank else []))

    def share(self, rows: int, size: int) -> Iterator[tuple[slice, float]]:
        """Cut so many rows into micro-batches of at most `size` rows a rank; give this rank's part of each, and 1.

        All ranks have the same number of parts, for they wait for each other in each: one for which no row is left
        takes one that is another's, and 0, by which its loss is multiplied.
        """
        for start in range(0, rows, size * self.size):
            end = min(start + size * self.size, rows)
            first, after = (start + (end - start) * rank // self.size for rank in (self.rank, self.rank + 1))
            yield (slice(first, after), 1.0) if first < after else (slice(start, start + 1), 0.0)
