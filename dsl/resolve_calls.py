"""What is called: components, functions, and pipes."""

from __future__ import annotations

from typing import Any

from . import syntax
from .catalogue import Component
from .describe import describe, sort_of
from .diagnostics.model import Fix, Label, Text
from .diagnostics.similar import similar
from .functions import FUNCTIONS, READS_ENVIRONMENT, Mismatch, TooLarge
from .resolve_base import UNRESOLVED, Context, Unresolved, Wanted
from .resolve_bindings import type_of
from .resolve_build import call_of, look_up, wanted_kinds
from .resolve_environment import read_environment
from .resolve_fit import fit
from .resolve_plain import plain
from .types import Anything


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
    return _unknown(context, node, name, wanted)


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


def _unknown(context: Context, node: syntax.Call, name: str, wanted: Wanted) -> Unresolved:
    """Report a call of something that can't be called here."""
    span = node.path.span
    place = {"slot": wanted.slot, "wanted": describe(wanted.type), "name": name}
    kinds = wanted_kinds(context, wanted)
    other = _of_another_kind(context, name, kinds)
    if other is not None:
        given = Text("given.component", {"kind": other.kind})
        declares = any(isinstance(option, Anything) for option in wanted.options)
        helps = (Text("L0403.declare", {"kind": other.kind}),) if declares else ()
        return context.error("L0403", span, place | {"given": given}, helps=helps)
    binding = context.bindings.get(name)
    if binding is not None:
        labels = (Label(binding.span, Text("label.declared", {"name": name})),)
        return context.error("L0211", span, {"name": name}, labels=labels, helps=(Text("L0211.help", {"name": name}),))
    components = [known for kind in kinds for known in context.catalogue.components(kind)]
    near = similar(name, components if kinds else FUNCTIONS)
    helps = (Text("help.similar", {"names": near}),) if near else ()
    fixes = (Fix(span, near[0], certain=False),) if near else ()
    if not near and len(node.path.segments) > 1:
        helps = (Text("L0201.use", {"name": node.path.segments[0].name}),)
    if not kinds:
        return context.error("L0212", span, place, helps=helps, fixes=fixes)
    if len(kinds) == 1:
        place["kind"] = kinds[0]
        notes = (Text("L0207.known", {"kind": kinds[0], "names": components}),) if not near and components else ()
        return context.error("L0207", span, place, helps=helps, notes=notes, fixes=fixes)
    return context.error("L0208", span, place, helps=helps, fixes=fixes)


def _of_another_kind(context: Context, name: str, kinds: tuple[str, ...]) -> Component | None:
    for kind in context.catalogue.kinds:
        if kind not in kinds and (component := context.catalogue.components(kind).get(name)) is not None:
            return component
    return None
