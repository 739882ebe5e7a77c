"""Files of text, plain or compressed: found by pattern, read in pieces, and within limits."""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import IO

from ..dsl.diagnostics.model import Text
from ..dsl.resolve.files import within
from .baddata import BadData, line, shown_name

Bytes = IO[bytes] | io.BufferedIOBase

CHUNK = 1 << 18
LONGEST_LINE = 64 << 20
"""Bytes (or characters) of one line or document that is split off; beyond it the file is not what it is said to be."""
BOMB_SIZE = 64 << 20
BOMB_RATIO = 300
"""Text shrinks to a third or a tenth, and rarely to a hundredth; a bomb to a thousandth."""


def find(patterns: str | Iterable[str], root: Path) -> list[Path]:
    """Give the files that paths or patterns (`*`, `?`, `**`) name, sorted, each once.

    Hidden files are matched by their own name only. Raises BadData where nothing is found, for folders and
    other things that are no files, and for what lies outside the root once links are followed.
    """
    found: set[Path] = set()
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        matches = list(_matches(pattern, root))
        if not matches:
            raise BadData("L0610", {"path": pattern})
        found.update(matches)
    inside = str(root.resolve())
    for path, real in resolved(found):
        if not within(str(real), inside):
            raise BadData("L0631.link", {"file": shown_name(path, root)})
    return sorted(found)


def resolved(paths: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """Give paths with what they are once links are followed; a folder of many is followed once."""
    folders: dict[Path, Path] = {}
    for path in paths:
        if path.is_symlink():
            yield path, path.resolve()
            continue
        if path.parent not in folders:
            folders[path.parent] = path.parent.resolve()
        yield path, folders[path.parent] / path.name


def _matches(pattern: str, root: Path) -> Iterator[Path]:
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        raise BadData("L0631", {"file": pattern})
    plain = root / pattern
    if plain.exists():
        if not stat.S_ISREG(plain.stat().st_mode):
            raise BadData("L0632", {"file": pattern})
        yield plain
    elif any(sign in pattern for sign in "*?["):
        for path in root.glob(pattern):
            hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
            if path.is_file() and not hidden:
                yield path


@contextlib.contextmanager
def opened(path: Path, name: str) -> Iterator[Bytes]:
    """Open a file for reading its bytes, decompressed if its name ends in .gz or .zst.

    Raises BadData for what can't be read, is damaged, or grows beyond all measure, and when the file is not the same
    after it was read as before.
    """
    try:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise BadData("L0632", {"file": name})
            yield _decompressed(file, path.suffix, before.st_size, name)
        after = path.stat()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadData("L0613", {"file": name, "reason": _damage(error)}) from None
    except OSError as error:
        raise BadData("L0611", {"file": name, "reason": error.strerror or str(error)}) from None
    if (before.st_size, before.st_mtime_ns, before.st_ino) != (after.st_size, after.st_mtime_ns, after.st_ino):
        raise BadData("L0616", {"file": name})


def _damage(error: Exception) -> Text:
    if isinstance(error, EOFError):
        return Text("data.cut")
    return Text("data.no_gzip" if str(error).startswith("Not a gzipped file") else "data.broken")


def _decompressed(file: IO[bytes], suffix: str, size: int, name: str) -> Bytes:
    match suffix:
        case ".gz":
            return _Counted(gzip.GzipFile(fileobj=file), size, name)
        case ".zst":
            return _Counted(_Zstandard(file, name), size, name)
    return file


class _Counted(io.BufferedIOBase):
    """A decompressed stream that ends with BadData once it has grown beyond all measure."""

    def __init__(self, stream: Bytes, size: int, name: str) -> None:
        self._stream = stream
        self._most = max(BOMB_SIZE, BOMB_RATIO * size)
        self._name = name
        self._read = 0

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(CHUNK), b""))
        piece = self._stream.read(size)
        self._read += len(piece)
        if self._read > self._most:
            raise BadData("L0614", {"file": self._name, "ratio": BOMB_RATIO})
        return piece


class _Zstandard(io.BufferedIOBase):
    """A Zstandard stream, which (unlike the library's own reader) tells a cut file from a whole one."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        try:
            import zstandard
        except ImportError:
            raise BadData("L0615", {"file": name}) from None
        self._library = zstandard
        self._file = file
        self._frame = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
        self._begun = False
        self._ready = b""
        self._name = name

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size > 0
        # A small piece, because it may become ten thousand times as much.
        while not self._ready and (piece := self._frame.unused_data or self._file.read(4096)):
            if self._frame.eof:
                self._frame = self._library.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
            self._begun = True
            try:
                self._ready = self._frame.decompress(piece)
            except self._library.ZstdError as error:
                raise BadData("L0613", {"file": self._name, "reason": str(error)}) from None
        if not self._ready and self._begun and not self._frame.eof:
            raise BadData("L0613", {"file": self._name, "reason": Text("data.cut")})
        given, self._ready = self._ready[:size], self._ready[size:]
        return given


def decoded(stream: Bytes, encoding: str, name: str) -> Iterator[str]:
    """Give the text of a stream in pieces, with line ends as `\\n` and without a byte order mark.

    Raises BadData with the offset of the first byte that the encoding doesn't allow, and for a zero byte, which no
    text holds and UTF-16 read as something else is full of.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    at = lines = 0
    first = True
    while True:
        piece = stream.read(CHUNK)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeError as failure:
            # Of UTF-16 without a byte order mark Python says no place: it is the first byte.
            at_start = UnicodeDecodeError(encoding, piece, 0, 1, str(failure))
            error = failure if isinstance(failure, UnicodeDecodeError) else at_start
            offset = at + len(piece) - len(error.object) + error.start
            values = {
                "file": name,
                "encoding": encoding,
                "offset": offset,
                "byte": f"0x{error.object[error.start]:02x}",
            }
            raise BadData("L0612", values, help=utf_16_help(error.object) if not at else None) from None
        at += len(piece)
        text = newlines.decode(text, final=not piece)
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        if "\0" in text:
            number = lines + text.count("\n", 0, text.index("\0")) + 1
            raise BadData("L0635", {"where": line(name, number)})
        lines += text.count("\n")
        if text:
            yield text
        if not piece:
            return


def utf_16_help(data: bytes) -> str | None:
    """Give the help for bytes at the beginning of a file that bear the mark of UTF-16."""
    return "L0612.utf_16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else None


class Enough(Exception):
    """Raised at check once the beginning of a file was seen."""


_BEGINNING: ContextVar[int | None] = ContextVar("beginning", default=None)


@contextlib.contextmanager
def only_the_beginning(most: int) -> Iterator[None]:
    """Have files read no further than the end of the line (or document) after so many bytes (or characters)."""
    token = _BEGINNING.set(most)
    try:
        with contextlib.suppress(Enough):
            yield
    finally:
        _BEGINNING.reset(token)


def _stop_after_the_beginning(read: int) -> None:
    most = _BEGINNING.get()
    if most is not None and read > most:
        raise Enough


def pieces(chunks: Iterable[str], separator: str, name: str, keep: bool = False) -> Iterator[str]:
    """Cut a text that comes in chunks at a separator, which stays at the end of its piece if `keep`."""
    rest = ""
    searched = read = 0
    for chunk in chunks:
        rest += chunk
        read += len(chunk)
        if rest.find(separator, searched) >= 0:
            *whole, rest = rest.split(separator)
            yield from (piece + separator for piece in whole) if keep else whole
            _stop_after_the_beginning(read)
        if len(rest) > LONGEST_LINE:
            raise BadData("L0630", {"file": name, "most": LONGEST_LINE >> 20})
        # A long piece is searched once, not with each chunk anew; a separator may lie across two chunks.
        searched = max(0, len(rest) - len(separator) + 1)
    if rest:
        yield rest


def byte_lines(stream: Bytes, name: str) -> Iterator[tuple[int, int, bytes]]:
    """Give the lines of a stream that are not blank: number (from 1), offset, and content without its end.

    A line ends at `\\n` and nowhere else.
    """
    rest: list[bytes] = []
    number, start, read = 1, 0, 0
    while piece := stream.read(CHUNK):
        before = number
        if not rest and piece.isspace():
            # Millions of blank lines are counted, and not looked at one by one.
            number += piece.count(b"\n")
            last = piece[piece.rfind(b"\n") + 1 :]
            start = read + len(piece) - len(last)
        else:
            *whole, last = piece.split(b"\n")
            for end in whole:
                content = b"".join([*rest, end])
                if content and not content.isspace():
                    yield number, start, content.removesuffix(b"\r")
                rest = []
                number += 1
                start += len(content) + 1
        read += len(piece)
        if last:
            rest.append(last)
        if number > before:
            _stop_after_the_beginning(read)
        if read - start > LONGEST_LINE:
            raise BadData("L0630", {"file": line(name, number), "most": LONGEST_LINE >> 20})
    content = b"".join(rest)
    if content and not content.isspace():
        yield number, start, content.removesuffix(b"\r")
