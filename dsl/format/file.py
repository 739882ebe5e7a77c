"""Format a file: the same program, the same comments, in the one layout."""

from __future__ import annotations

import re

from ..diagnostics.model import Diagnostic
from ..parser import parse_scanned
from ..record import Record
from ..reports import Reports
from ..scan import Scan, scan
from ..source import Source
from ..tokens import NEWLINE
from .layout import Layout
from .printer import set_rows
from .stream import Stream

_CRLF = re.compile(r"(?<!\r)\r\n")
_LF = re.compile(r"(?<!\r)\n")
_FIRST = re.compile(r"\r*\n")


class Formatted(Record):
    """A formatted text, or None with the syntax errors that keep a file as it is."""

    text: str | None
    diagnostics: list[Diagnostic]


def formatted(source: Source) -> Formatted:
    """Lay out a file anew; one with syntax errors is left alone. Lines end as the first one does."""
    reports = Reports(source)
    scanned = scan(source, reports)
    tree, diagnostics = parse_scanned(source, scanned, reports)
    if diagnostics:
        return Formatted(None, diagnostics)
    text = set_rows(Layout(Stream(source, scanned)).file(tree))
    first = _FIRST.search(source.text)
    crlf = first is not None and first.group() == "\r\n"
    text = _CRLF.sub("\n", text + "\n" if text else "")
    text = _LF.sub("\r\n", text) if crlf else text
    after = Source(source.name, text)
    assert _words(scanned) == _words(scan(after, Reports(after))), f"{source.name} would change its meaning"
    return Formatted(text, [])


def _words(scanned: Scan) -> tuple[list[str], list[str]]:
    """Give the words and the comments of a text: what no layout may change."""
    tokens = [token for statement in scanned.statements for token in statement if token.type not in (",", NEWLINE)]
    words = ["".join(token.text.split()) if token.type == "NUMBER" else _CRLF.sub("\n", token.text) for token in tokens]
    return words, [f"{'#' * comment.is_doc}{comment.text}" for comment in scanned.comments]
