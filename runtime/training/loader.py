"""Reads, pads and prepares the batches of steps: ahead, while an accelerator works, or when asked for."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch

from ...plugins.component import Facts
from ...plugins.shards import Shards
from ...plugins.values import Batch, Objective, Records
from .lengths import Lengths
from .order import Indices, Keyed, Order, key
from .team import Team
from .token_dropout import TokenDropout

_AHEAD = 3
"""Steps that are prepared before they are asked for."""

_SWITCH_SECONDS = 0.0002


@dataclass(frozen=True, slots=True)
class Ready:
    """The batch of a step: micro-batches of tensors on the host, and what their loss is divided by."""

    step: int
    rows: Indices
    count: float
    parts: list[dict[str, torch.Tensor]]
    weights: list[float]
    """For each micro-batch 1, or 0 if its row is another rank's and stands in for none."""
    fold: int = 1
    """How many of its rows go through the model where one is counted (see `Reader.fold`)."""


class Reader:
    """Turns row numbers into a prepared batch; what is drawn depends on the key alone.

    Tokens are dropped from rows that are learned from, and never from those that are measured on.
    """

    def __init__(
        self,
        shards: Shards,
        objective: Objective,
        facts: Facts,
        token_dropout: float = 0.0,
        records: Records = (),
        by_room: bool = False,
    ) -> None:
        self.shards, self.objective, self.facts = shards, objective, facts
        self.records = records
        """The records behind the rows, for predictions to be joined."""
        self.token_dropout = TokenDropout.of(token_dropout, facts) if token_dropout else None
        self.lengths = Lengths.of(shards)
        self.by_room = by_room
        """Whether micro-batches are counted in rows of the longest length, as many shorter ones taking their room."""
        self._random = Keyed()

    def fold(self, rows: Indices) -> int:
        """Give how many of some rows go through the model where one is counted."""
        return self.lengths.fold(rows) if self.by_room and self.lengths is not None else 1

    def prepared(self, rows: Indices, random_key: int) -> Batch:
        """Read rows, pad them to the length of their class, and draw what the objective draws."""
        read = self.shards.read(rows) if self.lengths is None else self.shards.read(rows, self.lengths.padded)
        batch = {name: _wide(array) for name, array in read.items()}
        random = self._random.of(random_key)
        prepared = self.objective.prepare(batch, random, self.facts)
        return prepared if self.token_dropout is None else self.token_dropout.of_batch(prepared, random)


def tensors(batch: Batch, shares: Iterable[slice], pin: bool = False) -> list[dict[str, torch.Tensor]]:
    """Cut a prepared batch into micro-batches.

    Segments that say nothing (one document a row, no padding) are left out, so that bodies take their fast path.
    """
    said = {name: array for name, array in batch.items() if not (_is_segments(name) and bool((array == 1).all()))}
    parts = []
    for share in shares:
        part = {name: torch.from_numpy(np.ascontiguousarray(a[share])) for name, a in said.items()}
        parts.append({name: tensor.pin_memory() for name, tensor in part.items()} if pin else part)
    return parts


def smaller(ready: Ready, size: int) -> Ready:
    """Cut micro-batches that were made larger into some of at most `size` rows."""
    parts: list[dict[str, torch.Tensor]] = []
    weights: list[float] = []
    for part, weight in zip(ready.parts, ready.weights, strict=True):
        starts = range(0, len(next(iter(part.values()))), size)
        parts += [{name: tensor[start : start + size] for name, tensor in part.items()} for start in starts]
        weights += [weight] * len(starts)
    return replace(ready, parts=parts, weights=weights)


def to_device(part: dict[str, torch.Tensor], device: torch.device) -> dict[str, torch.Tensor]:
    """Copy a micro-batch to the device; from pinned memory the copy overlaps with what runs there."""
    return {name: tensor.to(device, non_blocking=True) for name, tensor in part.items()}


class Batches:
    """The batches of a training: a pure function of (seed, step)."""

    def __init__(
        self, reader: Reader, order: Order, seed: int, micro_batch: int, pin: bool = False, team: Team | None = None
    ) -> None:
        self.reader, self.order, self.seed = reader, order, seed
        self.micro_batch, self.pin, self.team = micro_batch, pin, team or Team()

    def batch(self, step: int) -> Ready:
        """Make the batch of a step."""
        rows = self.order.rows(step)
        batch = self.reader.prepared(rows, key(self.seed, "prepare", step))
        count = float(self.reader.objective.count(batch))
        # What is drawn is drawn for the whole batch, so that it doesn't depend on the number of ranks.
        fold = self.reader.fold(rows)
        shares, weights = zip(*self.team.share(len(rows), self.micro_batch * fold), strict=True)
        return Ready(step, rows, count, tensors(batch, shares, self.pin), list(weights), fold)


class Loader:
    """Makes the batches of the steps from `start` on in a thread, while an accelerator works; use as a context.

    On the CPU the thread would take a core and the interpreter from the step that runs: 4 to 8 % of the speed there.
    """

    def __init__(self, batches: Batches, start: int) -> None:
        self.batches = batches
        self._queue: queue.Queue[Ready | BaseException] = queue.Queue(_AHEAD)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(start,), name="llx-loader", daemon=True)

    def batch(self, step: int) -> Ready:
        """Give the batch of the step that comes next; raises what went wrong while it was made."""
        item = self._queue.get()
        if isinstance(item, BaseException):
            raise item
        assert item.step == step
        return item

    def _work(self, step: int) -> None:
        while not self._closing.is_set():
            item: Ready | BaseException
            try:
                item = self.batches.batch(step)
            except BaseException as error:  # handed to the thread that waits for it
                item = error
            while not self._closing.is_set():
                with contextlib.suppress(queue.Full):
                    self._queue.put(item, timeout=0.1)
                    break
            if isinstance(item, BaseException):
                return
            step += 1

    def __enter__(self) -> Self:
        # The thread takes the interpreter whenever torch lets go of it; Python's 5 ms until it gives it back are half a
        # small step.
        self._interval = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_SECONDS)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join()
        sys.setswitchinterval(self._interval)


def _wide(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Give integers as int64, the type that torch takes for indices and targets."""
    return array.astype(np.int64) if array.dtype.kind in "iu" else array


def _is_segments(name: str) -> bool:
    return name == "segments" or name.endswith(("_segments", ".segments"))
