"""Imported files: one is evaluated once for the same values of its params, and shared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .. import syntax
from ..describe import show
from ..diagnostics.model import Fix, Label, Text
from ..imports import imported_here
from ..quantities import Quantity
from ..record import Record
from ..suggest import suggest
from .base import UNRESOLVED, Binding, Context, Unresolved
from .bindings import in_order, value_of
from .plain import twice

_STATEMENTS = ("let", "param", "expect", "experiment")
"""Words that begin a statement as a kind does."""
_LET = ("const", "var", "val", "local", "final", "define", "set", "auto")
"""What other languages call a name for a value."""

MOST = 1_000
"""Imported modules of one experiment, those with other params counted anew."""


def enter(context: Context, node: syntax.Import) -> Any:
    """Evaluate what an import leads to with the params that it sets; give the module's context."""
    name = node.name.name
    imported = context.module.imports[name]
    label = f"{context.label}.{name}" if context.label else name
    scope = f"{context.scope}.{name}" if context.scope else name
    given = _given(context, node)
    span = node.path.span
    inner = Context(
        imported.module, imported.catalogue, context.root, given, context.evaluator, context, label, scope, span
    )
    forget_unknown_kinds(inner)
    values = {param: value_of(inner, inner.bindings[param]) for param in given}
    key = (id(imported.module), *sorted((param, _key(value)) for param, value in values.items()))
    if key in context.instances:
        context.found += imported_here(inner.found, span)
        return context.instances[key]
    if len(context.instances) >= MOST:
        return context.error("L0255.instances", span, {"limit": MOST})
    context.instances[key] = inner
    for binding in in_order(inner):
        value_of(inner, binding)
    context.found += imported_here(inner.found, span)
    return inner


def inner_modules(context: Context) -> Iterator[Context]:
    """Give the modules below one, each once, an importer before what it imports."""
    seen = {id(context)}
    waiting = [context]
    for current in waiting:
        for binding in current.bindings.values():
            inner = binding.value
            if isinstance(inner, Context) and id(inner) not in seen:
                seen.add(id(inner))
                waiting.append(inner)
                yield inner


def forget_unknown_kinds(context: Context) -> None:
    """Report declarations of kinds that don't exist; nothing is said of the use of their names."""
    named = [*context.bindings.values(), *(one for more in context.again.values() for one in more)]
    for binding in named:
        name, statement = binding.name, binding.statement
        if isinstance(statement, syntax.Declaration) and statement.kind.name not in context.catalogue.kinds:
            kind = statement.kind
            # Of a name that is declared again nothing is said either.
            context.bindings.pop(name, None)
            context.again.pop(name, None)
            context.lost.add(name)
            helps, fixes = suggest(kind.name, [*context.catalogue.kinds, *_STATEMENTS], kind.span)
            if kind.name in _LET:
                helps, fixes = (Text("help.write", {"text": "let"}),), (Fix(kind.span, "let"),)
            notes = () if helps else (Text("L0202.kinds", {"kinds": list(context.catalogue.kinds)}),)
            context.error("L0202", kind.span, {"kind": kind.name}, helps=helps, fixes=fixes, notes=notes)


def _given(context: Context, node: syntax.Import) -> dict[str, syntax.Expression]:
    """Give the values that an import's block has for params, and report what isn't one."""
    names = context.module.imports[node.name.name].module.names
    params = [name for name, statement in names.items() if isinstance(statement, syntax.Param)]
    lost = context.module.imports[node.name.name].module.lost
    first: dict[str, syntax.Entry] = {}
    for entry in node.block.entries if node.block else ():
        name = entry.key[0]
        if name.name in lost:
            continue
        if len(entry.key) > 1 or name.name not in params:
            _unknown_param(context, node, entry, params)
        elif name.name in first:
            twice(context, entry, first[name.name])
        else:
            first[name.name] = entry
    return {name: entry.value for name, entry in first.items()}


def _unknown_param(context: Context, node: syntax.Import, entry: syntax.Entry, params: list[str]) -> None:
    name = entry.key[0]
    module = context.module.imports[node.name.name].module
    helps, fixes = suggest(name.name, params, name.span)
    notes = (Text("L0259.params", {"names": params}),) if params else (Text("L0259.none"),)
    labels: tuple[Label, ...] = ()
    if name.name in module.names:
        labels = (Label(module.names[name.name].name.span, Text("L0222.not_param", {"name": name.name})),)
    values = {"name": name.name, "file": module.source.name}
    context.error("L0259", name.span, values, labels=labels, helps=helps, fixes=fixes, notes=notes)


class Reached(Record, eq=False):
    """What a path begins with: a name of a module, and how many of its segments that takes."""

    context: Context
    binding: Binding
    segments: int


def reach(context: Context, node: syntax.Path) -> Reached | Unresolved | None:
    """Find the name that a path begins with, in this file or in one that it imports; None if there is none.

    From outside, the declarations of a module can be reached and nothing else.
    """
    head = node.segments[0].name
    binding = context.bindings.get(head)
    if binding is None:
        return UNRESOLVED if head in context.lost else None
    if not isinstance(binding.statement, syntax.Import) or len(node.segments) == 1:
        return Reached(context, binding, 1)
    inner = value_of(context, binding)
    if not isinstance(inner, Context):
        return UNRESOLVED
    segment = node.segments[1]
    own = inner.bindings.get(segment.name)
    if segment.is_key or own is None:
        return UNRESOLVED if segment.name in inner.lost else _not_declared(context, inner, head, segment)
    if not isinstance(own.statement, syntax.Declaration):
        return _not_open(context, own, head, segment)
    return Reached(inner, own, 2)


def declarations(inner: Context) -> list[str]:
    """Give the names of a module that can be reached from outside."""
    return [name for name, one in inner.bindings.items() if isinstance(one.statement, syntax.Declaration)]


def _not_declared(context: Context, inner: Context, head: str, segment: syntax.Segment) -> Unresolved:
    names = declarations(inner)
    helps, fixes = suggest(segment.name, names, None if segment.is_key else segment.span)
    if inner.module.headless and not fixes:
        return UNRESOLVED
    notes: tuple[Text, ...] = ()
    if not helps:
        key = "L0256.declared" if names else "L0256.none"
        notes = (Text(key, {"names": [f"{head}.{name}" for name in names]}),)
    values = {"name": segment.name, "module": head, "file": inner.module.source.name}
    return context.error("L0256", segment.span, values, helps=helps, notes=notes, fixes=fixes)


def _not_open(context: Context, own: Binding, head: str, segment: syntax.Segment) -> Unresolved:
    sort = {syntax.Param: "param", syntax.Let: "let", syntax.Import: "import"}[type(own.statement)]
    values = {"name": segment.name, "module": head, "sort": Text(f"L0257.{sort}")}
    labels = (Label(own.span, Text("label.declared", {"name": own.name})),)
    help = Text(f"L0257.{sort}.help", values)
    return context.error("L0257", segment.span, values, labels=labels, helps=(help,))


def _key(value: Any) -> object:
    """Give what is equal for equal values of a param; components are the same if they are one."""
    match value:
        case bool() | None:
            return (show(value),)
        case int() | float():
            return ("number", float(value), str(value))
        case Quantity():
            return ("quantity", str(value))
        case str():
            return ("text", str(value), getattr(value, "folder", None))
        case list() | tuple():
            return ("list", *map(_key, value))
        case Mapping():
            return ("map", *((key, _key(one)) for key, one in value.items()))
    return ("object", id(value))
