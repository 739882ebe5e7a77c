"""Running out of memory, told as what a user can do about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ...plugins.component import TaskFailed


@contextmanager
def told_if_memory_runs_out(rows: int | None) -> Iterator[None]:
    """Turn a failed allocation into TaskFailed; `rows` went through the model at once, None while it is built."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        # The CPU's allocator raises a bare RuntimeError.
        if type(error) is RuntimeError and "can't allocate memory" not in str(error):
            raise
        device = "cuda" if isinstance(error, torch.OutOfMemoryError) else "cpu"
        if rows is None:
            raise TaskFailed("L0804.model", {"device": device}, help="L0804.model.help") from error
        raise TaskFailed("L0804", {"rows": rows, "device": device}, field="micro_batch", help="L0804.help") from error
