"""Read a file of the language; whatever the file is, the answer is a text or a diagnostic."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .diagnostics.model import Diagnostic, Text
from .source import Source, Span

LARGEST = 1_000_000
"""Bytes of a file; an experiment that long was not written by hand."""

_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read(path: Path, shown_name: str) -> tuple[Source | None, list[Diagnostic]]:
    """Read a file; line ends stay as they are, a byte order mark is left out."""
    data, diagnostics = read_bytes(path, shown_name)
    return (None, diagnostics) if data is None else decode(data, path, shown_name)


def read_bytes(path: Path, shown_name: str) -> tuple[bytes | None, list[Diagnostic]]:
    """Read a regular file's bytes, at most one more than a file of the language may have."""
    try:
        # Without O_NONBLOCK opening a FIFO would wait for somebody to write to it.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return _fails("L0651", shown_name)
    except (OSError, ValueError) as error:
        return _fails("L0650", shown_name, reason=_reason(error))
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            return _fails("L0652", shown_name)
        if not stat.S_ISREG(mode):
            return _fails("L0653", shown_name)
        return _bytes(handle), []
    except OSError as error:
        return _fails("L0650", shown_name, reason=_reason(error))
    finally:
        os.close(handle)


def decode(data: bytes, path: Path | None, shown_name: str) -> tuple[Source | None, list[Diagnostic]]:
    """Make a source of a file's bytes."""
    if len(data) > LARGEST:
        return _fails("L0654", shown_name, limit="1 MB")
    if data.startswith(_UTF16):
        return _fails("L0657", shown_name)
    data = data.removeprefix(_BOM)
    zeros = data.count(0)
    if zeros:
        if zeros * 3 > len(data) and len(data) > 3 and 0 in (data[1], data[0]):
            return _fails("L0657", shown_name)
        return _damaged("L0655", data[: data.index(0)], path, shown_name)
    try:
        return Source(shown_name, data.decode("utf-8"), path), []
    except UnicodeDecodeError as error:
        return _damaged("L0656", data[: error.start], path, shown_name, byte=f"0x{data[error.start]:02X}")


def _bytes(handle: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size <= LARGEST + len(_BOM):
        part = os.read(handle, 1 << 16)
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _fails(code: str, name: str, **values: object) -> tuple[None, list[Diagnostic]]:
    return None, [Diagnostic(code, Text(code, {"path": name, **values}), None, helps=_help(code))]


def _help(code: str) -> tuple[Text, ...]:
    return (Text(code + ".help"),)


def _damaged(code: str, before: bytes, path: Path | None, name: str, **values: object) -> tuple[None, list[Diagnostic]]:
    """Report a byte that is no text, with its place: the text before it is shown."""
    source = Source(name, before.decode("utf-8", "replace") + "\ufffd", path)
    at = len(source.text) - 1
    message = Text(code, {"path": name, **values})
    return None, [Diagnostic(code, message, Span(source, at, at + 1), helps=_help(code))]
