"""What stands at a place of a text: the name, field, component or value that an editor asks about."""

from __future__ import annotations

from .. import syntax
from ..catalogue import Component
from ..record import Record
from ..resolve.base import Binding, Context
from ..resolve.modules import Reached
from ..source import Span
from .analysis import Analysis
from .walk import around, called_paths


class Touched(Record, eq=False):
    """Base of what may be touched; `span` covers it alone."""

    span: Span


class TouchedKind(Touched):
    """The word that a declaration begins with, or the type of a param."""

    name: str


class TouchedName(Touched):
    """A name of the file (or of one that it imports, whose module is `home`), where it is declared or used."""

    binding: Binding
    home: Context


class TouchedOutput(Touched):
    """What stands behind a name and a dot."""

    reached: Reached
    path: syntax.Path
    name: str


class TouchedImport(Touched):
    """The path of an imported file."""

    statement: syntax.Import


class TouchedField(Touched):
    """The key of an entry; the component is None for a map's."""

    entry: syntax.Entry
    component: Component | None
    name: str


class TouchedComponent(Touched):
    component: Component


class TouchedFunction(Touched):
    name: str


class TouchedWord(Touched):
    """A bare word of a fixed set."""

    word: str
    path: syntax.Path


class TouchedValue(Touched):
    """A number, quantity or string, or an expression of such."""

    node: syntax.Expression


class TouchedUse(Touched):
    """The distribution of a `use`."""

    use: syntax.Use


def touched(analysis: Analysis, offset: int) -> Touched | None:
    """Find what an offset touches; None where there is nothing to say."""
    nodes = around(analysis.tree, offset)
    if not nodes:
        return None
    statement, inner = nodes[0], nodes[-1]
    head = _head(analysis, statement, offset)
    if head is not None:
        return head
    if isinstance(inner, syntax.Entry) and _holds(inner.key_span, offset):
        return _field(analysis, nodes, inner, offset)
    if isinstance(inner, syntax.Path):
        return _path(analysis, inner, offset)
    if isinstance(inner, syntax.Literal | syntax.String | syntax.Binary | syntax.Unary | syntax.Conditional):
        return TouchedValue(inner.span, inner)
    return None


def _holds(span: Span, offset: int) -> bool:
    return span.start <= offset <= span.end


def _head(analysis: Analysis, statement: syntax.Node, offset: int) -> Touched | None:
    """Find what is touched of a statement's head: its kind, its name, its type."""
    match statement:
        case syntax.Declaration(kind=kind) if _holds(kind.span, offset):
            return TouchedKind(kind.span, kind.name)
        case syntax.Param(type=syntax.Segment() as type_) if _holds(type_.span, offset):
            return TouchedKind(type_.span, type_.name)
        case syntax.Use(distribution=distribution) if _holds(distribution.span, offset):
            return TouchedUse(distribution.span, statement)
        case syntax.Import(path=path) if _holds(path.span, offset):
            return TouchedImport(path.span, statement)
        case syntax.Declaration() | syntax.Param() | syntax.Let() | syntax.Import():
            binding = analysis.bindings.get(statement.name.name)
            if _holds(statement.name.span, offset) and binding is not None:
                return TouchedName(statement.name.span, binding, analysis.context)
    return None


def _field(analysis: Analysis, nodes: list[syntax.Node], entry: syntax.Entry, offset: int) -> Touched | None:
    index = next(n for n, segment in enumerate(entry.key) if offset <= segment.span.end)
    segment = entry.key[index]
    path = analysis.observer.name(entry)
    if path is not None:
        return _path(analysis, path, offset)
    block = nodes[-2] if len(nodes) > 1 else None
    if isinstance(block, syntax.Block) and analysis.varies_params(block) and segment.name in analysis.bindings:
        return TouchedName(segment.span, analysis.bindings[segment.name], analysis.context)
    if isinstance(nodes[0], syntax.Import) and block is nodes[0].block:
        inner = analysis.module_of(analysis.bindings.get(nodes[0].name.name))
        param = inner.bindings.get(segment.name) if inner is not None else None
        return TouchedName(segment.span, param, inner) if inner is not None and param is not None else None
    component = owner(analysis, nodes)
    if index and component is not None:
        component = inner_component(analysis, nodes, entry, index)
    return TouchedField(segment.span, entry, component, segment.name)


def owner(analysis: Analysis, nodes: list[syntax.Node]) -> Component | None:
    """Give the component that the last entry among nodes around a place is a field of."""
    at = max(n for n, node in enumerate(nodes) if isinstance(node, syntax.Entry))
    above = nodes[at - 1]
    if isinstance(above, syntax.Block):
        above = nodes[at - 2]
        holds = isinstance(above, syntax.Call | syntax.With | syntax.Experiment) and above.block is nodes[at - 1]
        if not holds:
            return None
    if isinstance(above, syntax.Experiment):
        return analysis.catalogue.experiment
    return analysis.called(above) if isinstance(above, syntax.Call | syntax.With) else None


def inner_component(analysis: Analysis, nodes: list[syntax.Node], entry: syntax.Entry, index: int) -> Component | None:
    """Give the component that a dotted key of a `with` leads to, before its segment `index`."""
    change = next((node for node in reversed(nodes) if isinstance(node, syntax.With)), None)
    if change is None:
        return None
    value = analysis.observer.base(change.block)
    for segment in entry.key[:index]:
        value = analysis.field(value, segment.name)
    return analysis.component_of(value)


def _path(analysis: Analysis, path: syntax.Path, offset: int) -> Touched | None:
    segment = next((segment for segment in path.segments if offset <= segment.span.end), path.segments[-1])
    component = analysis.component(path)
    if component is not None:
        return TouchedComponent(path.span, component)
    meaning = analysis.observer.meaning(path)
    if isinstance(meaning, str):
        return TouchedWord(path.span, meaning, path)
    if id(path) in called_paths(analysis.tree):
        return TouchedFunction(path.span, str(path)) if len(path.segments) == 1 else None
    reached = analysis.reached(path)
    if reached is None:
        return None
    if segment is path.segments[0]:
        return TouchedName(segment.span, analysis.bindings[segment.name], analysis.context)
    if reached.segments > 1 and segment is path.segments[1]:
        return TouchedName(segment.span, reached.binding, reached.context)
    again = analysis.again(path)
    if again is not None and segment.span.start >= path.segments[again].span.start:
        own = analysis.bindings[path.segments[again].name]
        if segment is path.segments[again]:
            return TouchedName(segment.span, own, analysis.context)
        reached = Reached(analysis.context, own, again + 1)
    return TouchedOutput(segment.span, reached, path, segment.name)
