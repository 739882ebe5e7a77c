"""A trace of some steps, operator by operator, for chrome://tracing and ui.perfetto.dev."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from ...plugins.work import Work

SWITCH = "LLX_PROFILE"
"""The environment variable with the number of steps to trace, as `llx run --profile STEPS` sets it."""
SKIPPED, WARMED = 5, 3
"""Steps before the trace: those in which things are made for the first time, and those in which the profiler is."""


@contextmanager
def profiled(work: Work, device: torch.device) -> Iterator[Callable[[], None]]:
    """Trace steps if it was asked for; gives what is to be called after each step."""
    steps = os.environ.get(SWITCH, "")
    if not steps.isdecimal() or not int(steps):
        yield _nothing
        return
    from torch.profiler import ProfilerActivity, profile, schedule

    traced = False
    path = Path.cwd() / f"llx-trace-{work.fingerprint[:12]}.json"

    def written(trace: torch.profiler.profile) -> None:
        nonlocal traced
        traced = True
        trace.export_chrome_trace(str(path))
        work.progress.log("training.profile", steps=int(steps), file=path.name)

    kinds = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if device.type == "cuda" else [])]
    plan = schedule(wait=SKIPPED, warmup=WARMED, active=int(steps), repeat=1)
    with profile(activities=kinds, schedule=plan, on_trace_ready=written, record_shapes=True) as trace:
        yield trace.step
    if not traced:
        work.progress.log("training.no_profile", steps=SKIPPED + WARMED + int(steps))


def _nothing() -> None: ...
