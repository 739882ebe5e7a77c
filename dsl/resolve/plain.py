"""Literals, strings, lists, maps, operators and conditionals."""

from __future__ import annotations

from typing import Any

from .. import syntax
from ..describe import describe, show, sort_of
from ..diagnostics.model import Label, Text
from ..functions import Mismatch, TooLarge, arithmetic, compare
from ..quantities import Quantity
from ..types import Anything, Boolean, ComponentOf, Either, ListOf, MapOf, Type
from .base import UNRESOLVED, Context, Unresolved, Wanted
from .fit import fit, misfit

_MAX_TEXT = 1_000_000
_MAX_ITEMS = 100_000
"""Items of a list or map, those within counted: names could double it again and again."""


def plain(context: Context, node: syntax.Expression, slot: Text) -> Any:
    """Evaluate an expression whose value is a number, quantity, string, boolean, list or map."""
    return context.resolve(node, Wanted(Anything(), slot))


def literal(context: Context, node: syntax.Literal, wanted: Wanted) -> Any:
    """Resolve a number, a quantity, `true`, `false` or `none`."""
    return fit(context, node.value, wanted, node)


def string(context: Context, node: syntax.String, wanted: Wanted) -> Any:
    """Resolve a string, what `${…}` names put in."""
    pieces = []
    for part in node.parts:
        if isinstance(part, str):
            pieces.append(part)
            continue
        value = context.resolve(part, Wanted(Anything(), Text("slot.hole")))
        if isinstance(value, Unresolved):
            return value
        if isinstance(value, list | dict) or value is None:
            return context.error("L0313", part.span, {"name": str(part), "given": sort_of(value)})
        pieces.append(value if isinstance(value, str) else _written(value))
    if sum(map(len, pieces)) > _MAX_TEXT:
        return context.error("L0308", node.span)
    return fit(context, "".join(pieces), wanted, node)


def _written(value: Any) -> str:
    """Write a value into a string: digits, not the suffixes in which people read them."""
    if isinstance(value, (bool, Quantity)):
        return show(value)
    return str(value) if isinstance(value, int) else repr(value)


def items(context: Context, node: syntax.List, wanted: Wanted) -> Any:
    """Resolve a list, item by item."""
    lists = [option for option in wanted.options if isinstance(option, ListOf)]
    inner = _inner([option.item for option in lists], wanted)
    slot = Text("slot.item", {"of": wanted.slot})
    values = [context.resolve(item, Wanted(inner or Anything(), slot)) for item in node.items]
    if any(isinstance(value, Unresolved) for value in values):
        return UNRESOLVED
    if inner is None:
        return misfit(context, values, wanted, node)
    if lists and all(len(values) < option.min_length for option in lists):
        least = min(option.min_length for option in lists)
        return context.error("L0312", node.span, {"slot": wanted.slot, "least": least, "length": len(values)})
    return _bounded(context, values, node)


def entries(context: Context, node: syntax.Block, wanted: Wanted) -> Any:
    """Resolve `{ key = value … }` where a map is wanted."""
    inner = _inner([option.item for option in wanted.options if isinstance(option, MapOf)], wanted)
    if inner is None:
        kinds = [option.kind for option in wanted.options if isinstance(option, ComponentOf)]
        helps = (Text("L0301.component", {"kind": kinds[0]}),) if kinds else ()
        values = {"slot": wanted.slot, "wanted": describe(wanted.type), "given": Text("sort.map")}
        return context.error("L0301", node.span, values, helps=helps)
    values, seen = {}, dict[str, syntax.Entry]()
    for entry in node.entries:
        slot = Text("slot.key", {"key": entry.name, "of": wanted.slot})
        value = context.resolve(entry.value, Wanted(inner, slot))
        if entry.name in seen:
            twice(context, entry, seen[entry.name])
            value = UNRESOLVED
        seen.setdefault(entry.name, entry)
        values[entry.name] = value
    if node.broken or any(isinstance(value, Unresolved) for value in values.values()):
        return UNRESOLVED
    return _bounded(context, values, node)


def twice(context: Context, entry: syntax.Entry, first: syntax.Entry) -> None:
    """Report a key that a block has already."""
    labels = (Label(first.key_span, Text("label.first", {"name": first.name})),)
    context.error("L0205", entry.key_span, {"name": entry.name}, label=Text("L0205.label"), labels=labels)


def _inner(types: list[Type], wanted: Wanted) -> Type | None:
    """Give the type of items where lists (or maps) of these are wanted; None if none is."""
    if any(isinstance(option, Anything) for option in wanted.options):
        types = [*types, Anything()]
    if not types:
        return None
    return types[0] if len(types) == 1 else Either(tuple(types))


def _bounded(context: Context, value: Any, node: syntax.Expression) -> Any:
    count, stack = 0, [value]
    while stack and count <= _MAX_ITEMS:
        inner = stack.pop()
        parts = inner.values() if isinstance(inner, dict) else inner
        count += len(inner)
        stack.extend(part for part in parts if isinstance(part, list | dict))
    return context.error("L0308", node.span) if count > _MAX_ITEMS else value


def unary(context: Context, node: syntax.Unary, wanted: Wanted) -> Any:
    """Resolve a sign or `not`."""
    slot = Text("slot.operand", {"operator": node.operator})
    if node.operator == "not":
        value = context.resolve(node.operand, Wanted(Boolean(), slot))
        return value if isinstance(value, Unresolved) else fit(context, not value, wanted, node)
    value = plain(context, node.operand, slot)
    if isinstance(value, Unresolved):
        return value
    try:
        signed = arithmetic("*", value, -1 if node.operator == "-" else 1)
    except Mismatch:
        values = {"operator": node.operator, "given": sort_of(value)}
        return context.error("L0310", node.span, values)
    return fit(context, signed, wanted, node)


def binary(context: Context, node: syntax.Binary, wanted: Wanted) -> Any:
    """Resolve an operator with two sides; a long chain `a + b + c …` doesn't nest."""
    chain = [node]
    while isinstance(chain[-1].left, syntax.Binary):
        chain.append(chain[-1].left)
    innermost = chain[-1]
    value = _side(context, innermost.left, innermost.operator)
    for link in reversed(chain):
        if link is not innermost:
            value = _checked_side(context, value, link)
        value = _applied(context, link, value, _side(context, link.right, link.operator))
    return fit(context, value, wanted, node)


def _side(context: Context, node: syntax.Expression, operator: str) -> Any:
    slot = Text("slot.operand", {"operator": operator})
    return context.resolve(node, Wanted(Boolean() if operator in ("and", "or") else Anything(), slot))


def _checked_side(context: Context, value: Any, link: syntax.Binary) -> Any:
    """Check what the left of a chain has come to against the next operator."""
    if link.operator not in ("and", "or"):
        return value
    slot = Text("slot.operand", {"operator": link.operator})
    return fit(context, value, Wanted(Boolean(), slot), link.left)


def _applied(context: Context, node: syntax.Binary, left: Any, right: Any) -> Any:
    if isinstance(left, Unresolved) or isinstance(right, Unresolved):
        return UNRESOLVED
    try:
        match node.operator:
            case "and":
                return left and right
            case "or":
                return left or right
            case "+" | "-" | "*" | "/":
                return arithmetic(node.operator, left, right)
        return compare(node.operator, left, right)
    except ZeroDivisionError:
        return context.error("L0307", node.right.span, labels=(Label(node.left.span, Text("label.divided")),))
    except TooLarge:
        return context.error("L0308", node.span)
    except Mismatch:
        strings = node.operator == "+" and (isinstance(left, str) or isinstance(right, str))
        return context.error(
            "L0309",
            node.right.span,
            {"operator": node.operator, "left": sort_of(left), "right": sort_of(right)},
            label=sort_of(right),
            labels=(Label(node.left.span, sort_of(left)),),
            helps=(Text("L0309.strings"),) if strings else (),
        )


def conditional(context: Context, node: syntax.Conditional, wanted: Wanted) -> Any:
    """Resolve the branch that is taken; in the other one, names are checked."""
    condition = context.resolve(node.condition, Wanted(Boolean(), Text("slot.condition")))
    if isinstance(condition, Unresolved):
        with context.untaken():
            context.resolve(node.then, wanted)
            context.resolve(node.otherwise, wanted)
        return UNRESOLVED
    taken, other = (node.then, node.otherwise) if condition else (node.otherwise, node.then)
    with context.untaken():
        context.resolve(other, wanted)
    return context.resolve(taken, wanted)
