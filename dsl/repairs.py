"""Fixes of syntax errors: what the scanner puts in to go on reading is what is missing in the file, too."""

from __future__ import annotations

from collections.abc import Sequence

from .diagnostics.model import Fix
from .reports import Reports
from .tokens import CLOSERS, NEWLINE, OPENERS, Token


def set_apart(start: int, end: int, sign: str, reports: Reports) -> tuple[Fix, ...]:
    """Put a sign with blanks around it between two offsets, unless a comment stands there."""
    text = reports.source.text
    lies_between = text[start:end].strip()
    if "#" in lies_between or "\n" in lies_between:
        return ()
    follows = "" if text[end : end + 1] in (" ", "\t", "\n", "\r", "") else " "
    return (Fix(reports.span(start, end), f" {sign}{follows}"),)


def opened(at: int, reports: Reports, text: str) -> tuple[Fix, ...]:
    """Give the fix of a bracket that is missing at an offset, as it stands with its blanks."""
    return (Fix(reports.span(at, at), text),)


def joined(start: int, sign_start: int, sign_end: int, reports: Reports) -> tuple[Fix, ...]:
    """Give the fix of a sign that stands a line too late: it goes to the line above."""
    text = reports.source.text
    if text[start:sign_start].strip():
        return ()
    return (Fix(reports.span(start, sign_end), f" {text[sign_start:sign_end]}"),)


def closing(tokens: Sequence[Token], indexes: Sequence[int], reports: Reports) -> tuple[Fix, ...]:
    """Give the fix of brackets that are never closed: closed after what was read, as they were opened."""
    text = reports.source.text
    last = next((token for token in reversed(tokens) if token.end > token.start and token.type != NEWLINE), None)
    if last is None or any(tokens[index].type not in OPENERS or not tokens[index].text for index in indexes):
        return ()
    at = last.end
    pieces: list[str] = []
    for index in reversed(indexes):
        opener = tokens[index]
        if opener.type != "{":
            pieces.append(OPENERS[opener.type])
            continue
        line = text.rfind("\n", 0, opener.start) + 1
        if "\n" not in text[opener.start : at]:
            pieces.append(" }")
        else:
            indent = text[line : line + len(text[line:]) - len(text[line:].lstrip(" \t"))]
            if not pieces:
                # A comment at the end of the last entry's line stays there, a bracket that closes more doesn't.
                end = text.find("\n", at)
                end = end if end >= 0 else len(text)
                rest = text[at:end].strip(" \t\r,")
                at = end if not rest or rest.startswith("#") else at
            newline = "\r\n" if text[line - 2 : line] == "\r\n" else "\n"
            pieces.append(f"{newline}{indent}}}")
    return (Fix(reports.span(at, at), "".join(pieces), certain=False),)


def quoted(start: int, end: int, reports: Reports) -> tuple[Fix, ...]:
    """Give the fix of a string without an end on its line: brackets, a comma and a comment behind it are no part of it."""
    text = reports.source.text
    written = text[start:end].split(" #")[0].rstrip()
    opened_before = sum(sign in OPENERS for sign in text[text.rfind("\n", 0, start) + 1 : start])
    cut = len(written)
    while cut > 1 and (written[cut - 1] in ", \t" or (written[cut - 1] in CLOSERS and opened_before > 0)):
        opened_before -= written[cut - 1] in CLOSERS
        cut -= 1
    return (Fix(reports.span(start + cut, start + cut), '"', certain=False),)


def quoted_early(start: int, end: int, reports: Reports) -> tuple[Fix, ...]:
    """Give the fix of a string that swallowed what comes after it: it ends before the next separator."""
    written = reports.source.text[start:end]
    cut = next((n for n, sign in enumerate(written) if sign == "," or sign in CLOSERS), 0)
    return (Fix(reports.span(start + cut, start + cut), '"', certain=False),) if cut > 1 else ()


def quoted_before(quote: int, reports: Reports) -> tuple[Fix, ...]:
    """Give the fix of a string without its opening quote: it begins after the last blank, separator or bracket."""
    text = reports.source.text
    start = quote
    while start and text[start - 1] not in " \t\n,=" and text[start - 1] not in OPENERS:
        start -= 1
    return (Fix(reports.span(start, start), '"', certain=False),) if start < quote else ()
