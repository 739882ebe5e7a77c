"""What is called: components, functions, and pipes."""

from __future__ import annotations

from typing import Any

from .. import syntax
from ..describe import sort_of
from ..diagnostics.model import Label, Text
from ..functions import FUNCTIONS, READS_ENVIRONMENT, Mismatch, TooLarge
from ..types import Anything
from .base import UNRESOLVED, Context, Unresolved, Wanted
from .bindings import type_of
from .build import call_of, look_up
from .environment import read_environment
from .fit import fit
from .plain import plain
from .unknown import unknown_call


def call(context: Context, node: syntax.Call, wanted: Wanted) -> Any:
    """Resolve `name(arguments) { fields }`: what is called is a component that fits here, or a function."""
    name = str(node.path)
    component = look_up(context, name, wanted)
    if component is not None:
        return call_of(context, node, component, wanted)
    if name == READS_ENVIRONMENT:
        slot = Text("slot.argument", {"function": name})
        value = read_environment(context, node, Anything(), slot, type_of)
        return fit(context, value, wanted, node)
    if name in FUNCTIONS:
        return _function(context, node, wanted)
    if node.path.segments[0].name in context.lost:
        return UNRESOLVED
    return unknown_call(context, node, name, wanted)


def pipe(context: Context, node: syntax.Pipe, wanted: Wanted) -> Any:
    """Resolve `x |> f(…)` as `f(x, …)`."""
    after = node.call
    if isinstance(after, syntax.Path):
        after = syntax.Call(after.span, after, (), (), None)
    whole = syntax.Call(node.span, after.path, (node.value, *after.positional), after.named, after.block, after.broken)
    return call(context, whole, wanted)


def _function(context: Context, node: syntax.Call, wanted: Wanted) -> Any:
    name = str(node.path)
    function, least, most = FUNCTIONS[name]
    slot = Text("slot.argument", {"function": name})
    values = [plain(context, argument, slot) for argument in node.positional]
    if node.incomplete or any(isinstance(value, Unresolved) for value in values):
        return UNRESOLVED
    if node.entries or node.block or len(values) < least or (most is not None and len(values) > most):
        return context.error(
            "L0219",
            node.span,
            {"function": name, "takes": f"{name}({'…' if most is None else ', '.join('xy'[:most])})"},
        )
    try:
        result = function(*values)
    except Mismatch:
        labels = tuple(Label(a.span, sort_of(v)) for a, v in zip(node.positional, values, strict=True))
        return context.error("L0310", node.span, {"operator": name, "given": sort_of(values[0])}, labels=labels)
    except (TooLarge, OverflowError):
        return context.error("L0308", node.span)
    return fit(context, result, wanted, node)
