"""Saves a training while it goes on: what is saved is copied at once, and written in a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

import torch

from .checkpoint import Checkpoints
from .weights import Tensors, held, local


class HostCopy:
    """Copies tensors to host memory that is kept for the next time.

    From a GPU the copies go into pinned memory and are in order with what runs there: `wait` tells when they are done.
    """

    def __init__(self) -> None:
        self._buffers: Tensors = {}
        self._copied: torch.cuda.Event | None = None

    def of(self, tensors: Mapping[str, torch.Tensor], kept: bool = True) -> Tensors:
        """Give copies that hold until the next call; nothing unless they are to be kept here."""
        if not kept:
            return {}
        buffers: Tensors = {}
        for name, tensor in tensors.items():
            given = local(tensor.detach())
            buffers[name] = self._buffer(name, given)
            buffers[name].copy_(given, non_blocking=True)
        if any(tensor.is_cuda for tensor in tensors.values()):
            self._copied = torch.cuda.Event()
            self._copied.record()
        self._buffers = buffers
        return {name: held(tensors[name], buffer) for name, buffer in buffers.items()}

    def wait(self) -> None:
        """Wait until the copies are whole."""
        if self._copied is not None:
            self._copied.synchronize()

    def _buffer(self, name: str, tensor: torch.Tensor) -> torch.Tensor:
        kept = self._buffers.get(name)
        if kept is not None and kept.shape == tensor.shape and kept.dtype == tensor.dtype:
            return kept
        return torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=tensor.is_cuda)


class Saver:
    """Saves to a job's checkpoints, one at a time; use as a context, which waits for the last one.

    What goes wrong in the thread is raised by the next `check`, `save` or `wait`.
    """

    def __init__(self, checkpoints: Checkpoints, written: Callable[[int], None] = lambda step: None) -> None:
        self.checkpoints = checkpoints
        self.written = written
        """Is called in the thread once the checkpoint of a step is there."""
        self.count = 0
        self.stalled = 0.0
        """Seconds that the training waited for its checkpoints."""
        self.last_stall = 0.0
        self._network, self._optimizer = HostCopy(), HostCopy()
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    @property
    def is_busy(self) -> bool:
        """Tell whether a checkpoint is being written."""
        return self._thread is not None and self._thread.is_alive()

    def save(
        self,
        step: int,
        network: Tensors,
        optimizer: Tensors,
        state: Mapping[str, Any],
        best: tuple[int, Tensors] | None,
        written: bool = True,
    ) -> None:
        """Copy a step's tensors, and let the thread write them; the one before must be there first.

        `best` are weights that nobody changes any more. Ranks that hold whole tensors have them `written` by one of them.
        """
        began = time.monotonic()
        self._join()
        copies = self._network.of(network, written), self._optimizer.of(optimizer, written)
        if not written:
            return self._stall(began)

        def write() -> None:
            try:
                self._network.wait()
                self._optimizer.wait()
                self.checkpoints.save(step, *copies, state, best)
                self.written(step)
            except BaseException as error:  # handed to the thread that trains
                self._error = error

        self._thread = threading.Thread(target=write, name="llx-saver", daemon=True)
        self._thread.start()
        self.count += 1
        self._stall(began)

    def check(self) -> None:
        """Raise what went wrong in a thread that has ended."""
        if self._error is not None:
            self._join()

    def wait(self) -> None:
        """Wait until what was saved is there."""
        began = time.monotonic()
        self._join()
        self._stall(began)

    def _join(self) -> None:
        if self._thread is not None:
            self._thread.join()
        self._thread = None
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _stall(self, began: float) -> None:
        self.last_stall = time.monotonic() - began
        self.stalled += self.last_stall

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.wait()
        elif self._thread is not None:
            self._thread.join()
