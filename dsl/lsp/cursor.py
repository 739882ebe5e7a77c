"""What is wanted at the cursor: the one model on which completion, signatures and more stand.

A probe is put where the cursor is and the text is checked, broken as it may be. What the resolver wanted of the
probe is what is wanted there, so that an editor never disagrees with the checker.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from .. import syntax
from ..catalogue import Component
from ..diagnostics.model import Text
from ..record import Record, replace
from ..resolve.base import Wanted
from ..source import Source
from ..tokens import CONTINUING, NEWLINE, OPENERS, WORD, Token
from ..types import Anything
from .analysis import Analysis
from .probe import PROBE, Place, place_at, probes, tokens_before
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


class Enclosing(Record):
    """The component whose fields or arguments stand at a place, and which are there."""

    component: Component | None = None
    given: frozenset[str] = frozenset()
    """Fields that are set already."""
    field: str | None = None
    """The field whose value stands here; in parentheses that is also where a bare argument goes."""
    in_parentheses: bool = False
    params: tuple[syntax.Param, ...] = ()
    """What the block of an import may set, or that of a sweep may vary."""


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
    within = _enclosing(analysis, place.from_)
    if sort is Sort.FIELD and base:
        within = Enclosing(_within(analysis, place.from_, base))
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
        if _is_probe(node) or (isinstance(node, syntax.Call | syntax.Pipe) and _is_probe(_head(node))):
            assert isinstance(node, syntax.Expression)
            wanted = analysis.observer.wanted(node)
            if wanted is not None:
                return wanted
    return None


def _head(node: syntax.Call | syntax.Pipe) -> syntax.Path:
    call = node.call if isinstance(node, syntax.Pipe) else node
    return call if isinstance(call, syntax.Path) else call.path


def _is_probe(node: syntax.Node) -> bool:
    return isinstance(node, syntax.Path) and node.segments[0].name == PROBE


def _enclosing(analysis: Analysis, at: int) -> Enclosing:
    """Give what the innermost block or parenthesis around an offset belongs to."""
    found = Enclosing()
    piped: set[int] = set()
    owned: set[int] = set()
    for node in walk(analysis.tree):
        if isinstance(node, syntax.Pipe):
            piped.add(id(node.call))
        if isinstance(node, syntax.Experiment | syntax.Import | syntax.With | syntax.Call) and node.block is not None:
            owned.add(id(node.block))
        start = _inside_from(node)
        if start is None or id(node) in owned or not start < at <= node.span.end:
            continue
        match node:
            case syntax.Experiment(block=block):
                found = _block(analysis.catalogue.experiment, block.entries, at)
            case syntax.Import(block=syntax.Block() as block):
                found = replace(_block(None, block.entries, at), params=_params(analysis, node))
            case syntax.With(block=block):
                found = _block(analysis.called(node), block.entries, at)
            case syntax.Call():
                found = _call(analysis, node, id(node) in piped, at)
            case syntax.Block(entries=entries):
                found = replace(_block(None, entries, at), params=_varied(analysis, node))
    return found


def _inside_from(node: syntax.Node) -> int | None:
    """Give where the inside of a call, a `with` or a block begins."""
    match node:
        case syntax.Experiment(block=block) | syntax.With(block=block) | syntax.Import(block=syntax.Block() as block):
            return block.span.start
        case syntax.Call(path=path):
            return path.span.end
        case syntax.Block(span=span):
            return span.start
    return None


def _params(analysis: Analysis, node: syntax.Import) -> tuple[syntax.Param, ...]:
    """Give the params of an imported file."""
    imported = analysis.context.module.imports.get(node.name.name)
    names = imported.module.names.values() if imported is not None else ()
    return tuple(one for one in names if isinstance(one, syntax.Param))


def _varied(analysis: Analysis, node: syntax.Block) -> tuple[syntax.Param, ...]:
    """Give the params of this file, if a block says which of them a sweep varies."""
    if not analysis.varies_params(node):
        return ()
    statements = (binding.statement for binding in analysis.bindings.values())
    return tuple(one for one in statements if isinstance(one, syntax.Param))


def _block(component: Component | None, entries: tuple[syntax.Entry, ...], at: int) -> Enclosing:
    return Enclosing(component, _names(entries), _field_at(entries, at))


def _names(entries: tuple[syntax.Entry, ...]) -> frozenset[str]:
    return frozenset(entry.name for entry in entries if entry.name != PROBE)


def _field_at(entries: tuple[syntax.Entry, ...], at: int) -> str | None:
    """Give the field whose value stands at an offset."""
    return next((entry.name for entry in entries if entry.key_span.end < at <= entry.value.span.end), None)


def _call(analysis: Analysis, node: syntax.Call, is_piped: bool, at: int) -> Enclosing:
    component = analysis.component(node.path)
    given = _names(node.entries)
    if component is None:
        return Enclosing(None, given)
    in_block = node.block is not None and at > node.block.span.start
    count = sum(not _is_probe(one) for one in node.positional) + is_piped
    place = sum(one.span.end < at for one in node.positional) + is_piped
    field = _field_at(node.entries, at)
    positional = component.positional
    if field is None and not in_block and place < len(positional) and positional[place] not in given:
        field = positional[place]
    return Enclosing(component, given | frozenset(positional[:count]), field, not in_block)


def _within(analysis: Analysis, at: int, keys: tuple[str, ...]) -> Component | None:
    """Give the component that a dotted key of a `with` leads to."""
    inside = [node for node in walk(analysis.tree) if isinstance(node, syntax.With) and _holds(node, at)]
    value = analysis.observer.base(inside[-1].block) if inside else None
    for key in keys:
        value = analysis.field(value, key)
    return analysis.component_of(value)


def _holds(node: syntax.With, at: int) -> bool:
    return node.block.span.start < at <= node.block.span.end
