"""The device that a job runs on, and the process-wide settings of torch while it does."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from ...plugins.component import TaskFailed


def choose_device(name: str | None) -> torch.device:
    """Give the device of a name; `auto` is the fastest one that is there."""
    if name in (None, "auto"):
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    if name == "xla":
        return _xla().device()
    device = torch.device(str(name))
    present = {
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not present.get(device.type, True):
        raise TaskFailed("L0805", {"device": str(name)}, help="L0805.help")
    return device


def _xla() -> Any:
    """Give the module torch_xla; TaskFailed if it isn't installed, or finds no device."""
    try:
        return import_module("torch_xla")
    except (ImportError, RuntimeError) as error:
        raise TaskFailed("L0805", {"device": "xla"}, help="L0805.xla.help") from error


def seed_device(seed: int, device: torch.device) -> None:
    """Seed the generators that a step draws from: the host's and the device's.

    `torch.manual_seed` seeds every sort of device; for each that isn't in use it keeps a call with its traceback, which
    costs two milliseconds a step and is never freed.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)
    elif device.type == "xla":
        # What the step before left queued runs here: a step waits for its loss, and for nothing after that.
        _xla().sync()
        _xla().manual_seed(seed)


@contextmanager
def torch_settings(settings: Mapping[str, Any]) -> Iterator[None]:
    """Set torch as the experiment asks, and put back what was there: other tasks share the process."""
    threads = torch.get_num_threads()
    torch.set_num_threads(usable_threads(threads))
    deterministic = torch.are_deterministic_algorithms_enabled()
    matmul = torch.get_float32_matmul_precision()
    if settings.get("precision") == "tf32":
        torch.set_float32_matmul_precision("high")
    if settings.get("deterministic"):
        # cuBLAS reads it when its first handle is made.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic)
        torch.set_float32_matmul_precision(matmul)


def usable_threads(threads: int, group: Path = Path("/sys/fs/cgroup")) -> int:
    """Give torch's number of threads, or fewer where a container or the process may use fewer processors.

    Torch counts the machine's cores: with two of 64 allowed, the threads would wait for each other most of the time.
    What OMP_NUM_THREADS says is left alone.
    """
    if "OMP_NUM_THREADS" in os.environ:
        return threads
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else threads
    with contextlib.suppress(OSError, ValueError):
        quota, period = (group / "cpu.max").read_text(encoding="utf-8").split()  # "max 100000" without a limit
        allowed = min(allowed, math.ceil(int(quota) / int(period)))
    return max(1, min(threads, allowed))
