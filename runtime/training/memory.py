"""Running out of memory, told as what a user can do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from ...plugins.component import TaskFailed


class LessAtOnce(Exception):
    """Raised by one of several ranks that ran out of memory: all of them have to begin again with fewer rows at once."""

    def __init__(self, step: int, rows: int) -> None:
        super().__init__(step, rows)
        self.step, self.rows = step, rows


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an allocation failed, on the device or on the host."""
    # The CPU's allocator raises a bare RuntimeError.
    bare = type(error) is RuntimeError and "can't allocate memory" in str(error)
    return bare or isinstance(error, torch.OutOfMemoryError | MemoryError)


@contextmanager
def told_if_memory_runs_out(rows: int | Callable[[], int] | None) -> Iterator[None]:
    """Turn a failed allocation into TaskFailed; `rows` went through the model at once, None while it is built."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        device = "cuda" if isinstance(error, torch.OutOfMemoryError) else "cpu"
        if rows is None:
            raise TaskFailed("L0804.model", {"device": device}, help="L0804.model.help") from error
        raise TaskFailed(
            "L0804",
            {"rows": rows() if callable(rows) else rows, "device": device},
            field="micro_batch",
            help="L0804.help",
        ) from error
