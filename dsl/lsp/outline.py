"""The outline of a file, and what of it can be folded."""

from __future__ import annotations

from lsprotocol import types

from .. import syntax
from .analysis import Analysis
from .positions import Positions
from .walk import around, walk

_Kind = types.SymbolKind


def symbols(analysis: Analysis, positions: Positions) -> list[types.DocumentSymbol]:
    """Give the statements of a file, and the fields that their blocks set."""
    found = (_symbol(statement, positions, analysis) for statement in analysis.tree.statements)
    return [symbol for symbol in found if symbol is not None]


def _symbol(statement: syntax.Statement, positions: Positions, analysis: Analysis) -> types.DocumentSymbol | None:
    match statement:
        case syntax.Experiment(name=name, block=block):
            return _of(name, "experiment", _Kind.Package, statement, positions, _entries(block, positions))
        case syntax.Import(alias=alias, path=path):
            return _of(alias, path.span.text, _Kind.Module, statement, positions, [])
        case syntax.Use(distribution=distribution, alias=alias):
            return _of(alias or distribution, distribution.name, _Kind.Module, statement, positions, [])
        case syntax.Param(name=name):
            return _of(name, "param", _Kind.Variable, statement, positions, [])
        case syntax.Let(name=name):
            return _of(name, "let", _Kind.Constant, statement, positions, [])
        case syntax.Expect(name=name):
            return _of(name, "expect", _Kind.Boolean, statement, positions, [])
        case syntax.Declaration(kind=kind, name=name, value=value):
            known = analysis.catalogue.kinds.get(kind.name)
            sort = _Kind.Object if known is None or known.is_task else _Kind.Class
            return _of(name, kind.name, sort, statement, positions, _fields(value, positions))
    return None


def _of(
    name: syntax.Segment,
    detail: str,
    kind: types.SymbolKind,
    node: syntax.Node,
    positions: Positions,
    children: list[types.DocumentSymbol],
) -> types.DocumentSymbol:
    whole, own = positions.of(node.span), positions.of(name.span)
    return types.DocumentSymbol(name.name, kind, whole, own, detail=detail, children=children or None)


def _fields(value: syntax.Expression, positions: Positions) -> list[types.DocumentSymbol]:
    """Give the fields of a value's own block; those of a pipe are its last call's."""
    match value:
        case syntax.Call(block=syntax.Block() as block) | syntax.With(block=block):
            return _entries(block, positions)
        case syntax.Pipe(call=syntax.Call() as call):
            return _fields(call, positions)
    return []


def _entries(block: syntax.Block, positions: Positions) -> list[types.DocumentSymbol]:
    return [
        types.DocumentSymbol(
            entry.name,
            _Kind.Field,
            positions.of(entry.span),
            positions.of(entry.key_span),
            children=_fields(entry.value, positions) or None,
        )
        for entry in block.entries
        if entry.name
    ]


def selection(analysis: Analysis, offset: int, positions: Positions) -> types.SelectionRange:
    """Give what a selection at an offset grows to: a value, its entry, the block, the statement, the file."""
    found = types.SelectionRange(positions.range(0, len(positions.text)))
    for node in around(analysis.tree, offset):
        inside = positions.of(node.span)
        if inside != found.range:
            found = types.SelectionRange(inside, found)
    return found


def folds(analysis: Analysis, positions: Positions) -> list[types.FoldingRange]:
    """Give what spans several lines: blocks, lists, long strings, statements, and runs of comments."""
    found: dict[tuple[int, int], types.FoldingRange] = {}

    def add(start: int, end: int, kind: types.FoldingRangeKind | None = None) -> None:
        first, last = positions.position(start).line, positions.position(end).line
        # The line of a closing bracket stays visible.
        if kind is None and positions.text[end - 1 : end] in ("}", "]", ")"):
            last -= 1
        if last > first:
            found.setdefault((first, last), types.FoldingRange(first, last, kind=kind))

    for node in walk(analysis.tree):
        if isinstance(node, syntax.Block | syntax.List | syntax.Call | syntax.String | syntax.Statement):
            add(node.span.start, node.span.end)
    for start, end in _comments(analysis, positions):
        add(start, end, types.FoldingRangeKind.Comment)
    return sorted(found.values(), key=lambda fold: (fold.start_line, -fold.end_line))


def _comments(analysis: Analysis, positions: Positions) -> list[tuple[int, int]]:
    """Join comments on lines that follow each other."""
    runs: list[tuple[int, int]] = []
    for comment in analysis.tree.comments:
        line = positions.position(comment.span.start).line
        alone = not positions.text[positions.starts[line] : comment.span.start].strip()
        if not alone:
            continue
        if runs and positions.position(runs[-1][1]).line + 1 == line:
            runs[-1] = runs[-1][0], comment.span.end
        else:
            runs.append((comment.span.start, comment.span.end))
    return runs
