"""Lines of source with what is marked in them."""

from __future__ import annotations

from dataclasses import dataclass

from ..record import Record
from ..source import Source, Span
from .model import Severity
from .paint import Paint
from .width import Line
from .words import visible

ROOM = 140
"""Columns of a line that are shown; of a longer one the part around the first mark."""


class Mark(Record):
    """A place and what is said of it; the primary one is underlined with `^`, the others with `-`."""

    span: Span
    text: str
    primary: bool


@dataclass(slots=True)
class _Range:
    """A mark's part of one line, in columns."""

    start: int
    end: int
    text: str
    primary: bool


def snippet(marks: list[Mark], paint: Paint, severity: Severity) -> tuple[list[str], int]:
    """Show the lines of all marks, those of the first mark's source first; also give the gutter's width."""
    sources = list(dict.fromkeys(mark.span.source for mark in marks))
    last = [mark.span.source.position(max(mark.span.start, mark.span.end - 1))[0] for mark in marks]
    gutter = len(str(max(last)))
    lines: list[str] = []
    for source in sources:
        own = [mark for mark in marks if mark.span.source is source]
        arrow = "-->" if source is sources[0] else ":::"
        lines.append(f"{' ' * (gutter + 1)}{paint.frame(arrow)} {visible(str(own[0].span))}")
        lines += _Snippet(source, own, gutter, paint, severity).lines()
    return lines, gutter


class _Snippet:
    """The marked lines of one source."""

    def __init__(self, source: Source, marks: list[Mark], gutter: int, paint: Paint, severity: Severity) -> None:
        self.source = source
        self.gutter = gutter
        self.paint = paint
        self.severity = severity
        self.long: Mark | None = None
        self.ranges: dict[int, list[_Range]] = {}
        self.shown: dict[int, Line] = {}
        for mark in marks:
            self.place(mark)

    def place(self, mark: Mark) -> None:
        first, last = self.rows(mark.span)
        if first != last and self.long is None:
            # One mark over several lines is drawn at the left; of a second one the first line is underlined.
            self.long = mark
            for row in (first, last):
                self.ranges.setdefault(row, [])
            return
        begins = self.source.line_starts[first - 1]
        line = self.line(first, mark.span.start - begins)
        start = line.column(mark.span.start - begins)
        end = line.column(mark.span.end - begins) if first == last else line.columns[-1]
        self.ranges.setdefault(first, []).append(_Range(start, max(end, start + 1), mark.text, mark.primary))

    def rows(self, span: Span) -> tuple[int, int]:
        # An end just after a line's end still belongs to that line.
        return span.line, self.source.position(max(span.start, span.end - 1))[0]

    def line(self, row: int, around: int = 0) -> Line:
        if row not in self.shown:
            text = self.source.line(row)
            # A file may be one line of a million characters.
            skipped = max(0, around - ROOM) if len(text) > 4 * ROOM else 0
            self.shown[row] = Line(text[skipped : skipped + 4 * ROOM], skipped)
        return self.shown[row]

    def lines(self) -> list[str]:
        """Draw: the marked lines, a single one between two of them, and `...` for more."""
        result = [self.framed("", "")]
        rows = sorted(self.ranges)
        before: int | None = None
        for row in rows:
            if before is not None and row == before + 2:
                result += self.row(before + 1)
            elif before is not None and row > before + 2:
                result.append(self.paint.frame("..."))
            result += self.row(row)
            before = row
        return result

    def row(self, row: int) -> list[str]:
        line, ranges = self.line(row), self.ranges.get(row, [])
        start, end = self.window(line, ranges)
        side = self.side(row)
        result = [self.framed(str(row), side.opening + line.between(start, end))]
        if side.start is not None:
            result.append(self.framed("", self.paint_primary(" " + "_" * (side.start + 1) + "^")))
        result += [self.framed("", side.within + drawn) for drawn in self.underlines(ranges, start)]
        if side.end is not None:
            assert self.long is not None
            note = f" {self.long.text}" if self.long.text else ""
            result.append(self.framed("", self.paint_primary("|" + "_" * side.end + "^" + note)))
        return result

    def window(self, line: Line, ranges: list[_Range]) -> tuple[int, int]:
        """Give the columns of a line that are shown."""
        total = line.columns[-1]
        if total <= ROOM:
            return 0, total + 1
        around = min((r.start for r in ranges), default=0)
        wanted = max(0, min(around - ROOM // 4, total - ROOM))
        start = next(column for column in line.columns if column >= wanted)
        return start, start + ROOM

    def side(self, row: int) -> _Side:
        """Give what the mark over several lines draws at the left of a row."""
        if self.long is None:
            return _Side("", "", None, None)
        span = self.long.span
        first, last = self.rows(span)
        begins = self.source.line_starts[row - 1]
        blank = self.paint_primary("|") + " "
        if row == first:
            before = self.source.text[begins : span.start]
            start = None if not before.strip() else min(self.line(row).column(span.start - begins), ROOM)
            return _Side("  " if start is not None else self.paint_primary("/") + " ", blank, start, None)
        if row == last:
            return _Side(blank, blank, None, min(self.line(row).column(span.end - begins), ROOM))
        inside = first < row < last
        return _Side(blank if inside else "  ", blank if inside else "  ", None, None)

    def underlines(self, ranges: list[_Range], shift: int) -> list[str]:
        """Draw the marks of one line: all underlines in one row, the last one's words behind it, the others below."""
        if not ranges:
            return []
        ranges = sorted(ranges, key=lambda r: (r.start, r.end))
        cells: list[tuple[str, bool]] = []
        for r in sorted(ranges, key=lambda r: r.primary):
            start = max(0, r.start - shift)
            end = max(start + 1, min(r.end - shift, ROOM + 1))
            cells += [(" ", False)] * (end - len(cells))
            cells[start:end] = [("^" if r.primary else "-", r.primary)] * (end - start)
        row = self.painted(cells)
        below = [r for r in ranges if r.text]
        last = ranges[-1]
        if below and below[-1] is last and all(r.end <= last.start for r in ranges[:-1]):
            row += " " + self.coloured(last.text, last.primary)
            below.pop()
        return [row, *self.hanging(below, shift)]

    def hanging(self, ranges: list[_Range], shift: int) -> list[str]:
        """Draw the words that have no room behind their underline, each under it, with a line leading there."""
        rows: list[str] = []
        for n in range(len(ranges), 0, -1):
            current = ranges[n - 1]
            if n == len(ranges):
                rows.append(self.stems(ranges, shift))
            rows.append(self.stems(ranges[: n - 1], shift, current) + self.coloured(current.text, current.primary))
        return rows

    def stems(self, ranges: list[_Range], shift: int, before: _Range | None = None) -> str:
        stop = before.start - shift if before is not None else None
        cells: list[tuple[str, bool]] = []
        for r in ranges:
            column = max(0, r.start - shift)
            if stop is None or column < stop:
                cells += [(" ", False)] * (column + 1 - len(cells))
                cells[column] = ("|", r.primary)
        if stop is not None:
            cells += [(" ", False)] * (stop - len(cells))
        return self.painted(cells)

    def painted(self, cells: list[tuple[str, bool]]) -> str:
        runs: list[tuple[str, bool]] = []
        for text, primary in cells:
            if runs and runs[-1][1] == primary:
                runs[-1] = (runs[-1][0] + text, primary)
            else:
                runs.append((text, primary))
        return "".join(self.coloured(text, primary) for text, primary in runs)

    def coloured(self, text: str, primary: bool) -> str:
        return self.paint.severity(self.severity, text) if primary else self.paint.frame(text)

    def paint_primary(self, text: str) -> str:
        return self.coloured(text, self.long is not None and self.long.primary)

    def framed(self, number: str, text: str) -> str:
        head = self.paint.frame(f"{number.rjust(self.gutter)} |")
        return f"{head} {text}".rstrip() if text.strip() else head


class _Side(Record):
    """What stands at the left of a row: before the line, before its underlines, and where a long mark begins or ends."""

    opening: str
    within: str
    start: int | None
    end: int | None
