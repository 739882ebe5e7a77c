"""The header of a safetensors file: the names and shapes of its tensors. None of their numbers are read.

The format is eight bytes with the header's length, then JSON: https://github.com/huggingface/safetensors#format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

Shapes = Mapping[str, tuple[int, ...]]
_MOST = 100 << 20
"""Bytes of a header; the library's own limit."""


def read_shapes(path: Path) -> Shapes:
    """Give the shapes of a file's tensors; ValueError for what isn't one."""
    found = path.stat()
    return _read(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=64)
def _read(path: Path, modified: int, size: int) -> Shapes:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 0 < length <= min(_MOST, size - 8):
            raise ValueError("it has no header of safetensors")
        header = json.loads(file.read(length))
    try:
        return {name: tuple(map(int, one["shape"])) for name, one in header.items() if name != "__metadata__"}
    except (AttributeError, TypeError, KeyError) as error:
        raise ValueError("its header lists no tensors") from error
