"""What Ctrl-C and a scheduler's SIGTERM do: the first asks the run to stop and save, a second ends it at once."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

from .words import say

INTERRUPTED = 130
CURSOR = b"\x1b[?25h\n"
"""Shows the cursor again, which a moving display hides."""


@contextlib.contextmanager
def stopping_on_signals(stop: threading.Event) -> Iterator[None]:
    """Set `stop` at the first SIGINT or SIGTERM; outside the main thread, where Python hears none, do nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def heard(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            with contextlib.suppress(OSError):
                os.write(sys.stderr.fileno(), CURSOR if sys.stderr.isatty() else b"")
            # Nothing needs to be put in order: unfinished work lies under its lock, which the system gives back.
            os._exit(INTERRUPTED)
        stop.set()
        with contextlib.suppress(OSError, ValueError):
            # Not through a listener or a stream: what was interrupted may be writing there just now.
            os.write(sys.stderr.fileno(), told)

    told = f"\n{say('run.stopping')}\n".encode()
    before: dict[signal.Signals, Any] = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, heard)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(slots=True)
class TimeBudget:
    """The time of a run."""

    is_used_up: bool = False


@contextlib.contextmanager
def stopping_after(seconds: float | None, stop: threading.Event) -> Iterator[TimeBudget]:
    """Set `stop` when the time is used up; with None it never is."""
    budget = TimeBudget()
    if seconds is None:
        yield budget
        return

    def end() -> None:
        budget.is_used_up = True
        stop.set()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield budget
    finally:
        timer.cancel()
