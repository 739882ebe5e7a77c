"""Places in a text as editors count them: lines and code units, by default of UTF-16."""

from __future__ import annotations

import re
from bisect import bisect_right

from lsprotocol import types

from ..source import Span

_LINE_END = re.compile(r"\r\n|\n|\r")


class Positions:
    """Converts between offsets of a text and an editor's positions.

    A line ends where the protocol says so (`\\n`, `\\r\\n`, `\\r`), and nowhere else: U+2028 and form feeds are characters.
    """

    def __init__(self, text: str, encoding: str = "utf-16") -> None:
        self.text = text
        self.encoding = encoding
        self.starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        self.ascii = text.isascii()

    def position(self, offset: int) -> types.Position:
        """Give the position of an offset."""
        line = bisect_right(self.starts, offset) - 1
        return types.Position(line, self.units(self.starts[line], offset))

    def offset(self, position: types.Position) -> int:
        """Give the offset of a position; one behind the end of its line is that end."""
        if position.line >= len(self.starts):
            return len(self.text)
        start = self.starts[position.line]
        following = position.line + 1
        end = self.starts[following] if following < len(self.starts) else len(self.text)
        line = self.text[start:end].rstrip("\r\n")
        if self.ascii:
            return start + min(position.character, len(line))
        units = 0
        for n, character in enumerate(line):
            if units >= position.character:
                return start + n
            units += _width(character, self.encoding)
        return start + len(line)

    def range(self, start: int, end: int) -> types.Range:
        """Give the range from an offset to another."""
        return types.Range(self.position(start), self.position(end))

    def of(self, span: Span) -> types.Range:
        """Give the range of a span of this text."""
        return self.range(span.start, span.end)

    def units(self, start: int, end: int) -> int:
        """Count the code units between two offsets."""
        if self.ascii or self.encoding == "utf-32":
            return end - start
        return sum(_width(character, self.encoding) for character in self.text[start:end])


def _width(character: str, encoding: str) -> int:
    if encoding == "utf-16":
        return 2 if ord(character) > 0xFFFF else 1
    return len(character.encode("utf-8", "surrogatepass")) if encoding == "utf-8" else 1
