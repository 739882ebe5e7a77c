"""Texts with a probe at the cursor: a name that nobody gave, so that the checker says what is wanted there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..record import Record
from ..reports import Reports
from ..scan import PATH, scan
from ..source import Source
from ..statements import next_statement
from ..tokens import CLOSERS, OPENERS, Token

PROBE = "probe_7f3a"

_LONGEST = 1_000
"""Characters before the cursor that can matter: nobody names anything longer."""

_WORD_BEFORE = re.compile(r"[^\W\d]\w*$")
_WORD_AFTER = re.compile(r"\w*")
_BASE = re.compile(rf"({PATH})\.$")
_QUANTITY = re.compile(r"(?<![\w.])([0-9][\w.]*)[ \t]+([^\W\d]\w*)?$")
_SKIPPED = re.compile(r'#[^\n]*|"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"', re.DOTALL)
_MARGIN = re.compile(r"^[^\W\d]\w*", re.MULTILINE)


class Place(Record):
    """What the cursor touches, before anything is checked.

    `start` and `end` bound the word at the cursor, `from_` is where the value that it is part of begins
    (a path, a quantity, a string).
    """

    start: int
    end: int
    from_: int
    base: str = ""
    """The path before the dot."""
    in_quantity: bool = False
    in_number: bool = False
    string: tuple[int, int] | None = None
    """The string that the cursor is in, its quotes included."""
    in_comment: bool = False


def place_at(source: Source, offset: int) -> Place:
    """Find what the cursor touches."""
    text = source.text
    scanned = scan(source, Reports(source))
    tokens = [token for statement in scanned.statements for token in statement]
    word = _WORD_BEFORE.search(text, _line_start(text, offset), offset)
    start = word.start() if word else offset
    after = _WORD_AFTER.match(text, offset)
    end = after.end() if after and (word or after.end() > offset) else offset
    if any(comment.span.start < offset <= comment.span.end for comment in scanned.comments):
        return Place(start, end, start, in_comment=True)
    string = next((token for token in tokens if _holds(text, token, offset)), None)
    if string is not None:
        return Place(start, end, string.start, string=(string.start, string.end))
    line = text[_line_start(text, start) : start]
    base = _BASE.search(line)
    if base is not None:
        return Place(start, end, start - len(base.group()), base=base.group(1))
    quantity = _QUANTITY.search(line)
    if quantity is not None and quantity.group(2) is None:
        return Place(start, end, start - len(quantity.group()), in_quantity=True)
    return Place(start, end, start, in_number=start > 0 and (text[start - 1].isdigit() or text[start - 1] == "%"))


def _line_start(text: str, offset: int) -> int:
    """Give where the line begins, or what of a very long one is looked at: patterns are tried from each character."""
    return max(text.rfind("\n", 0, offset) + 1, offset - _LONGEST)


def _holds(text: str, token: Token, offset: int) -> bool:
    if text[token.start : token.start + 1] != '"':
        return False
    return token.start < offset < token.end or (token.type != "STRING" and offset == token.end)


def probes(source: Source, place: Place) -> Iterator[Source]:
    """Give texts with the probe: first with all that follows, then with the rest of the statement left out."""
    text = source.text
    before = text[: place.from_] + PROBE
    end = place.string[1] if place.string else place.end
    yield Source(source.name, before + text[end:], source.path)
    rest = text[next_statement(text, place.end) :]
    yield Source(source.name, before + closers(text, place.from_) + rest, source.path)


def closers(text: str, offset: int) -> str:
    """Give what closes the brackets that are open at an offset, in its statement."""
    margins = [match.start() for match in _MARGIN.finditer(text, 0, offset)]
    start = margins[-1] if margins else 0
    opened: list[str] = []
    for character in _SKIPPED.sub("", text[start:offset]):
        if character in OPENERS:
            opened.append(OPENERS[character])
        elif character in CLOSERS and opened and opened[-1] == character:
            opened.pop()
    return "".join(reversed(opened))


def tokens_before(source: Source) -> list[Token] | None:
    """Give the tokens of the probe's statement that stand before it; None if it was swallowed."""
    for statement in scan(source, Reports(source)).statements:
        for n, token in enumerate(statement):
            if token.text == PROBE:
                return statement[:n]
    return None
