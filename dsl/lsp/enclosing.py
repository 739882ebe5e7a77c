"""The component whose fields or arguments stand at a place, found in the tree of a text with a probe."""

from __future__ import annotations

from .. import syntax
from ..catalogue import Component
from ..record import Record, replace
from .analysis import Analysis
from .probe import PROBE
from .walk import walk


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


def enclosing(analysis: Analysis, at: int) -> Enclosing:
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
    count = sum(not is_probe(one) for one in node.positional) + is_piped
    place = sum(one.span.end < at for one in node.positional) + is_piped
    field = _field_at(node.entries, at)
    positional = component.positional
    if field is None and not in_block and place < len(positional) and positional[place] not in given:
        field = positional[place]
    return Enclosing(component, given | frozenset(positional[:count]), field, not in_block)


def changed(analysis: Analysis, at: int, keys: tuple[str, ...]) -> Component | None:
    """Give the component that a dotted key of a `with` leads to."""
    inside = [node for node in walk(analysis.tree) if isinstance(node, syntax.With) and _holds(node, at)]
    value = analysis.observer.base(inside[-1].block) if inside else None
    for key in keys:
        value = analysis.field(value, key)
    return analysis.component_of(value)


def _holds(node: syntax.With, at: int) -> bool:
    return node.block.span.start < at <= node.block.span.end


def is_probe(node: syntax.Node) -> bool:
    """Tell whether a node is the probe."""
    return isinstance(node, syntax.Path) and node.segments[0].name == PROBE
