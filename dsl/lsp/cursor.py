"""What is wanted at the cursor: the one model on which completion, signatures and more stand.

A probe is put where the cursor is and the text is checked, broken as it may be. What the resolver wanted of the
probe is what is wanted there, so that an editor never disagrees with the checker.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

from .. import syntax
from ..diagnostics.model import Text
from ..record import Record, replace
from ..resolve.base import Wanted
from ..source import Source
from ..tokens import CONTINUING, NEWLINE, OPENERS, WORD, Token
from ..types import Anything
from .analysis import Analysis
from .enclosing import Enclosing, changed, enclosing, is_probe
from .probe import Place, place_at, probes, tokens_before
from .walk import walk

Analyse = Callable[[Source], Analysis]


class Sort(StrEnum):
    """What may stand at a place."""

    STATEMENT = "statement"
    NAME = "name"
    """A name that is being given."""
    TYPE = "type"
    FIELD = "field"
    ARGUMENT = "argument"
    """A value, or the name of a field."""
    VALUE = "value"
    PIPED = "piped"
    MEMBER = "member"
    UNIT = "unit"
    HOLE = "hole"
    STRING = "string"
    AFTER = "after"
    """A value has ended: what goes on with it."""
    NOTHING = "nothing"


class Cursor(Record, eq=False):
    """A place in a text: what may stand there, and what is there already.

    `start` and `end` bound the word that a completion replaces.
    """

    sort: Sort
    place: Place
    analysis: Analysis
    """Of the text with the probe."""
    wanted: Wanted | None = None
    within: Enclosing = Enclosing()
    base: tuple[str, ...] = ()
    """The path before the dot."""
    own: str | None = None
    """The name whose value stands here."""
    statement: str = ""
    """The word that the statement begins with."""

    @property
    def start(self) -> int:
        return self.place.start

    @property
    def end(self) -> int:
        return self.place.end


def cursor_at(source: Source, offset: int, analyse: Analyse) -> Cursor:
    """Work out what is wanted at an offset of a text."""
    place = place_at(source, offset)
    if place.in_comment or place.in_number:
        return Cursor(Sort.NOTHING, place, analyse(source))
    if place.string and _IMPORT.search(source.text, 0, place.string[0]):
        # A path stands there and never a name, which would make it a line of another language.
        return Cursor(Sort.STRING, place, analyse(source), statement="import")
    found: Cursor | None = None
    for probed in probes(source, place):
        before = tokens_before(probed)
        if before is None:
            continue
        sort = _sort(before, place)
        found = replace(
            _cursor(sort, place, analyse(probed), source),
            own=before[1].text if len(before) > 1 and before[1].type == WORD else None,
            statement=before[0].text if before else "",
        )
        known = found.within.component is not None
        if sort not in _CHECKED or found.wanted is not None or (known and sort not in _NEEDS_TYPE):
            break
    return found or Cursor(Sort.NOTHING, place, analyse(source))


_IMPORT = re.compile(r"(?:^|\n)import[ \t]*\Z")

_NEEDS_TYPE = frozenset({Sort.VALUE, Sort.PIPED, Sort.UNIT, Sort.STRING})
_CHECKED = _NEEDS_TYPE | {Sort.FIELD, Sort.ARGUMENT, Sort.MEMBER}
"""Places of which the checker has something to say."""


def _sort(before: list[Token], place: Place) -> Sort:
    """Tell what may stand behind some tokens."""
    if not before:
        return Sort.MEMBER if place.base else Sort.STATEMENT
    last, first = before[-1], before[0]
    opener = _innermost(before)
    if first.text == "use":
        return Sort.NOTHING
    if len(before) == 1 and first.type == WORD:
        return Sort.STRING if place.string else Sort.NAME
    if last.type == ":":
        return Sort.TYPE
    if opener == "{" and last.type in ("{", ",", NEWLINE):
        return Sort.FIELD
    expects = last.type in _WANT_VALUE or (last.type == WORD and last.text in CONTINUING - {"with"})
    if place.string:
        return Sort.STRING
    if opener == "(" and last.type in ("(", ",") and not _is_group(before):
        return Sort.MEMBER if place.base else Sort.ARGUMENT
    if last.type == "|>":
        return Sort.PIPED
    if not expects:
        return Sort.AFTER
    return Sort.MEMBER if place.base else Sort.UNIT if place.in_quantity else Sort.VALUE


_WANT_VALUE = frozenset({"=", "COMPARE", "ADD", "MULTIPLY", "[", "(", ",", "|>"})


def _innermost(before: list[Token]) -> str:
    """Give the bracket that is open behind some tokens."""
    opened: list[str] = []
    for token in before:
        if token.type in OPENERS:
            opened.append(token.type)
        elif token.type in OPENERS.values() and opened:
            opened.pop()
    return opened[-1] if opened else ""


def _is_group(before: list[Token]) -> bool:
    """Tell whether the innermost parenthesis holds an expression, and no arguments."""
    depth = 0
    for n in range(len(before) - 1, -1, -1):
        if before[n].type in OPENERS.values():
            depth += 1
        elif before[n].type in OPENERS:
            if depth == 0:
                return n == 0 or before[n - 1].type not in (WORD, "]") or before[n - 1].text in CONTINUING
            depth -= 1
    return False


def _cursor(sort: Sort, place: Place, analysis: Analysis, source: Source) -> Cursor:
    base = tuple(place.base.split(".")) if place.base else ()
    if sort is Sort.STRING and (hole := _hole(source.text, place)) is not None:
        start, base = hole
        inside = Place(start, place.end, place.from_, string=place.string)
        return Cursor(Sort.HOLE, inside, analysis, Wanted(Anything(), Text("slot.hole")), base=base)
    wanted = _wanted(analysis)
    within = enclosing(analysis, place.from_)
    if sort is Sort.FIELD and base:
        within = Enclosing(changed(analysis, place.from_, base))
    return Cursor(sort, place, analysis, wanted, within, base)


def _hole(text: str, place: Place) -> tuple[int, tuple[str, ...]] | None:
    """Give where the word in a `${…}` begins, and the path before it, if the cursor is in one."""
    assert place.string is not None
    opened = text.rfind("${", place.string[0], place.start)
    inside = text[opened + 2 : place.start] if opened >= 0 else "}"
    if any(character in inside for character in '}"\n'):
        return None
    parts = inside.strip(" \t").split(".")
    return place.start, tuple(part for part in parts[:-1] if part)


def _wanted(analysis: Analysis) -> Wanted | None:
    """Give what the resolver wanted of the probe, or of what the probe is the head of."""
    for node in walk(analysis.tree):
        if is_probe(node) or (isinstance(node, syntax.Call | syntax.Pipe) and is_probe(_head(node))):
            assert isinstance(node, syntax.Expression)
            wanted = analysis.observer.wanted(node)
            if wanted is not None:
                return wanted
    return None


def _head(node: syntax.Call | syntax.Pipe) -> syntax.Path:
    call = node.call if isinstance(node, syntax.Pipe) else node
    return call if isinstance(call, syntax.Path) else call.path
