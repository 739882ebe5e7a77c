"""How much room characters take in a terminal."""

from __future__ import annotations

import unicodedata

from .words import shown

TAB = 4


def width(text: str) -> int:
    """Count the columns of a text without tabs: East Asian wide ones take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class Line:
    """A line of source as it is shown: tabs as blanks, control characters as codes, and the column of each offset."""

    def __init__(self, text: str, skipped: int = 0) -> None:
        """Measure a line, or the part of it after `skipped` characters."""
        self.skipped = skipped
        pieces: list[str] = []
        self.columns: list[int] = []
        column = 0
        for character in text:
            piece = " " * (TAB - column % TAB) if character == "\t" else shown(character)
            pieces.append(piece)
            self.columns.append(column)
            column += width(piece)
        self.columns.append(column)
        self.pieces = pieces

    def between(self, start: int, end: int) -> str:
        """Give what is shown in a range of columns, with `…` where something is cut off."""
        inside = [piece for piece, column in zip(self.pieces, self.columns, strict=False) if start <= column < end]
        if (start > 0 or self.skipped) and inside:
            inside[0] = "…" * max(1, width(inside[0]))
        if end < self.columns[-1] and inside:
            inside[-1] = "…"
        return "".join(inside)

    def column(self, offset: int) -> int:
        """Give the column of a character of the line, from 0; beyond its end the one after the last."""
        return self.columns[max(0, min(offset - self.skipped, len(self.columns) - 1))]
