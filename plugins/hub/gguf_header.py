"""The header of a GGUF file: what it says of the model, and which tensors it holds. Nothing else is read of it.

The layout is that of ggml's docs/gguf.md, versions 2 and 3, little-endian. The library gguf reads the same, in half a
minute for a vocabulary of 50,000; a check has no such time.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from ...dsl.record import Record

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_MOST = 1 << 24
"""Entries of a list, bytes of a text, values and tensors of a file: beyond, it is damaged."""


class Header(Record):
    """What a GGUF file says before its weights."""

    values: dict[str, Any]
    tensors: dict[str, tuple[int, ...]]
    """The shape of each tensor, the innermost dimension first, as the file has it."""


def read_header(path: Path) -> Header:
    """Read the header of a file; ValueError for what isn't one."""
    found = path.stat()
    return _read(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=8)
def _read(path: Path, modified: int, size: int) -> Header:
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ValueError("it doesn't begin with GGUF")
        version, tensors, values = _unpacked(file, "<IQQ")
        if version not in (2, 3) or max(tensors, values) > _MOST:
            raise ValueError(f"version {version}, {tensors} tensors, {values} values")
        said = {}
        for _ in range(values):
            key = _text(file)
            said[key] = _value(file, *_unpacked(file, "<I"))
        shapes = {}
        for _ in range(tensors):
            name, [dimensions] = _text(file), _unpacked(file, "<I")
            if dimensions > 4:
                raise ValueError(f"a tensor of {dimensions} dimensions")
            shapes[name] = _unpacked(file, f"<{dimensions}Q")
            _unpacked(file, "<IQ")  # its type and its place
        return Header(said, shapes)


def _value(file: BinaryIO, kind: int) -> Any:
    if kind == _STRING:
        return _text(file)
    if kind == _ARRAY:
        inner, count = _unpacked(file, "<IQ")
        if count > _MOST:
            raise ValueError(f"a list of {count}")
        if inner in _SCALARS:
            return list(_unpacked(file, f"<{count}{_SCALARS[inner]}"))
        return [_value(file, inner) for _ in range(count)]
    if kind not in _SCALARS:
        raise ValueError(f"a value of the type {kind}")
    [value] = _unpacked(file, f"<{_SCALARS[kind]}")
    return value


def _text(file: BinaryIO) -> str:
    [size] = _unpacked(file, "<Q")
    if size > _MOST:
        raise ValueError(f"a text of {size} bytes")
    return file.read(size).decode("utf-8", errors="replace")


def _unpacked(file: BinaryIO, layout: str) -> tuple[Any, ...]:
    size = struct.calcsize(layout)
    data = file.read(size)
    if len(data) < size:
        raise ValueError("it ends within its header")
    return struct.unpack(layout, data)
