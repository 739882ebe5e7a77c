"""Set a document in lines of at most WIDTH columns."""

from __future__ import annotations

from collections.abc import Sequence

from ..diagnostics.width import width
from .document import Choice, Concat, Document, HardLine, Indent, Remark, Row, Rows, Text

WIDTH = 100
STEP = 2
"""Columns of an indentation."""


def set_rows(rows: Sequence[Row], indent: int = 0) -> str:
    """Set rows at an indentation; the first line is not indented, and no newline stands at the end."""
    texts = [_Printer(indent).set(row.document, int(row.comma)) + ("," if row.comma else "") for row in rows]
    lines = ["\n" not in text for text in texts]
    for run in _runs([row.group if line and row.head else None for line, row in zip(lines, rows, strict=True)], rows):
        _align_heads(texts, rows, run, indent)
    alone = ["" if line and row.remark else None for line, row in zip(lines, rows, strict=True)]
    columns = {n: max(width(texts[i]) for i in run) for run in _runs(alone, rows) for n in run}
    set_: list[str] = []
    for n, row in enumerate(rows):
        if n:
            set_.append("\n" * (2 if row.blank else 1) + " " * indent)
        set_.append(texts[n])
        if row.remark:
            set_.append(" " * (columns[n] - width(texts[n]) + 2 if n in columns else 2) + row.remark)
    return "".join(set_)


def _runs(groups: list[str | None], rows: Sequence[Row]) -> list[range]:
    """List the runs of neighbouring rows of one group, with nothing between them; None is of no group."""
    runs: list[range] = []
    start = 0
    for n, group in enumerate(groups):
        if n and (rows[n].blank or groups[n - 1] != group):
            start = n
        last = n + 1 == len(groups) or groups[n + 1] != group or rows[n + 1].blank
        if last and group is not None:
            runs.append(range(start, n + 1))
    return runs


def _align_heads(texts: list[str], rows: Sequence[Row], run: range, indent: int) -> None:
    """Align the `=` of a run, unless a line has no room for it."""
    heads = [rows[n].head or "" for n in run]
    column = max(map(width, heads))
    pads = [column - width(head) for head in heads]
    if all(indent + width(texts[n]) + pad <= WIDTH for n, pad in zip(run, pads, strict=True)):
        for n, head, pad in zip(run, heads, pads, strict=True):
            texts[n] = head + " " * pad + texts[n][len(head) :]


class _Printer:
    def __init__(self, indent: int) -> None:
        self.out: list[str] = []
        self.column = indent
        self.fresh = True
        """Whether nothing stands on the line yet."""
        self.pending = False
        """Whether a comment ended the line, so that a newline must come first."""
        self.line_indent = self.resume = indent
        """The indentation of this line, and that at which a word would go on after a comment."""
        self.indent = indent

    def set(self, document: Document, tail: int) -> str:
        """Set a piece; `tail` is the width of what must follow it on its last line."""
        stack = [(document, self.indent, tail)]
        while stack:
            piece, indent, tail = stack.pop()
            match piece:
                case Text(value=value):
                    self.text(value)
                case Concat(parts=parts):
                    # The last piece lies deepest; what follows each on its line is summed up on the way.
                    for part in reversed(parts):
                        stack.append((part, indent, tail))
                        tail = part.lead + (0 if part.opens else tail)
                case Choice():
                    fits = self.column + piece.need + tail <= WIDTH
                    stack.append((piece.line if fits else piece.broken, indent, tail))
                case Indent(inner=inner):
                    stack.append((inner, indent + STEP, tail))
                case HardLine():
                    self.newline(indent)
                case Rows(rows=rows):
                    self.newline(indent)
                    self.out.append(set_rows(rows, indent))
                    self.fresh = False
                case Remark():
                    self.remark(piece, indent)
        return "".join(self.out)

    def text(self, value: str) -> None:
        if self.pending:
            self.newline(self.resume)
            value = value.lstrip(" ")
        if not value:
            return
        self.out.append(value)
        _, newline, last = value.rpartition("\n")
        self.column = width(last) + (0 if newline else self.column)
        self.fresh = False

    def newline(self, indent: int) -> None:
        self.strip()
        self.out.append("\n" + " " * indent)
        self.column = self.line_indent = indent
        self.fresh, self.pending = True, False

    def remark(self, remark: Remark, indent: int) -> None:
        if self.pending:
            self.newline(self.resume)
        elif remark.own and not self.fresh:
            # Never at the margin in the middle of something: it could look like the next statement.
            self.newline(indent + STEP)
        self.strip()
        self.out.append(remark.value if self.fresh else "  " + remark.value)
        self.resume = self.line_indent if remark.own else indent + STEP
        self.fresh, self.pending = False, True

    def strip(self) -> None:
        """Leave no blanks at the end of a line."""
        if self.out and not self.fresh:
            self.out[-1] = self.out[-1].rstrip(" ")
