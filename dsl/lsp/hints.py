"""Inlay hints: what expressions come to, and the numbers that a model has without saying so."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from .. import syntax
from ..catalogue import Field
from ..describe import show
from ..quantities import Quantity
from ..record import Record
from ..resolve.base import Unresolved
from ..resolve.bindings import kind_of
from .analysis import Analysis
from .markdown import default_text
from .positions import Positions
from .walk import children

_LONGEST = 40
_SHOWN_DEFAULTS = 4


class Wishes(Record):
    """Which hints a user wants."""

    values: bool = True
    defaults: bool = True


def hints(analysis: Analysis, within: tuple[int, int], positions: Positions, wishes: Wishes) -> list[types.InlayHint]:
    """Give the hints for a range of a text."""
    found: list[types.InlayHint] = []
    stack: list[syntax.Node] = list(reversed(analysis.tree.statements))
    while stack:
        node = stack.pop()
        if node.span.start > within[1] or node.span.end < within[0]:
            continue
        text = _value(node, analysis) if wishes.values else None
        if text is not None:
            found.append(_hint(f" = {text}", node.span.end, positions))
            continue
        if wishes.defaults and isinstance(node, syntax.Call):
            found += _defaults(node, analysis, positions)
        stack.extend(reversed(children(node)))
    return found


def _hint(label: str, at: int, positions: Positions, more: str | None = None) -> types.InlayHint:
    return types.InlayHint(positions.position(at), label, tooltip=more)


def _value(node: syntax.Node, analysis: Analysis) -> str | None:
    """Give what an expression comes to, if that isn't what is written."""
    if not _is_worked_out(node, analysis) or not isinstance(node, syntax.Expression):
        return None
    value = analysis.observer.value(node, Unresolved())
    if not isinstance(value, str | int | float | Quantity | list | dict):
        return None
    text = show(value)
    return text if len(text) <= _LONGEST and text != node.span.text else None


def _is_worked_out(node: syntax.Node, analysis: Analysis) -> bool:
    """Tell whether a node is an expression with names or operators, and no component."""
    match node:
        case syntax.Binary() | syntax.Conditional():
            return True
        case syntax.Unary(operand=operand):
            return not isinstance(operand, syntax.Literal)
        case syntax.String(parts=parts):
            return any(isinstance(part, syntax.Path) for part in parts)
        case syntax.Call(path=path):
            return analysis.component(path) is None
        case syntax.Path():
            reached = analysis.reached(node)
            if reached is None or isinstance(reached.binding.statement, syntax.Import):
                return False
            return kind_of(reached.context, reached.binding) is None
    return False


def _defaults(node: syntax.Call, analysis: Analysis, positions: Positions) -> Iterator[types.InlayHint]:
    """Give the numbers that a value of several lines has by default, behind its block."""
    component = analysis.component(node.path)
    if component is None or node.block is None or "\n" not in node.block.span.text or node.incomplete:
        return
    value = analysis.observer.value(node)
    if analysis.context.is_task(component.kind) or analysis.outputs(value):
        return
    given = {entry.name for entry in node.entries} | set(component.positional[: len(node.positional)])
    left = [field for field in component.fields.values() if field.name not in given and _is_size(field)]
    if not left:
        return
    written = [f"{field.name} = {default_text(field, analysis)}" for field in left]
    shown = ", ".join(written[:_SHOWN_DEFAULTS]) + (", …" if len(written) > _SHOWN_DEFAULTS else "")
    yield _hint(f" {shown}", node.span.end, positions, "\n".join(written))


def _is_size(field: Field) -> bool:
    return not field.required and isinstance(field.default, int | float) and not isinstance(field.default, bool)
