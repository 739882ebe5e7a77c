"""Keeps freed memory while a training runs.

A step frees what the next one allocates again. glibc gives large blocks back to the system at once and gets them anew,
each page cleared: 5 to 15 % of a step on CPUs (docs/log.md). Other allocators, and CUDA's, keep what is freed anyway.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
from collections.abc import Iterator

import torch

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3
"""Names of `mallopt`, from malloc.h."""
KEPT = {MMAP_THRESHOLD: 1 << 30, TRIM_THRESHOLD: (1 << 31) - 1, TOP_PAD: 1 << 26}
"""Blocks beyond 1 GiB are still given back: keeping those could cost what others need."""
USUAL = {MMAP_THRESHOLD: 1 << 17, TRIM_THRESHOLD: 1 << 17, TOP_PAD: 1 << 17}


@contextlib.contextmanager
def kept_memory(device: torch.device) -> Iterator[None]:
    """Have glibc keep what is freed, and give it back at the end; does nothing for other devices and allocators."""
    libc = _glibc() if device.type == "cpu" else None
    if libc is None:
        yield
        return
    for name, value in KEPT.items():
        libc.mallopt(name, value)
    try:
        yield
    finally:
        for name, value in USUAL.items():
            libc.mallopt(name, value)
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """Give glibc, if it allocates this process's memory and nobody has set how."""
    if platform.libc_ver()[0] != "glibc" or any(name in os.environ for name in ("GLIBC_TUNABLES", "LD_PRELOAD")):
        return None
    if any(name.startswith("MALLOC_") for name in os.environ):
        return None
    try:
        libc = ctypes.CDLL(None)
        libc.mallopt, libc.malloc_trim  # noqa: B018
    except (OSError, AttributeError):
        return None
    return libc
