"""The values of a file's names: each is evaluated once, where it is declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .. import syntax
from ..describe import one_of
from ..diagnostics.model import Label, Text
from ..modules import expression_of, mentioned, mentions
from ..quantities import BASE_UNIT, Quantity
from ..source import Span
from ..suggest import suggest
from ..types import Anything, Boolean, ComponentOf, ListOf, MapOf, Number, QuantityOf, TaskOf, Type
from ..types import Text as TextType
from .base import UNRESOLVED, Binding, Context, Unresolved, Wanted
from .environment import read_environment
from .files import carried

PARAM_TYPES: dict[str, Type] = {
    "int": Number(integer=True),
    "number": Number(),
    "text": TextType(),
    "bool": Boolean(),
    "quantity": QuantityOf(tuple(BASE_UNIT), zero=True),
    **{dimension: QuantityOf((dimension,), zero=True) for dimension in BASE_UNIT},
}
"""The words that may stand behind `param name:`, beside the names of kinds."""

_SHOWN_CIRCLE = 12

_MAX_STACK = 20
"""Names that may be under evaluation at once. Each comes after those that it mentions, so only circles nest."""


def kind_of(context: Context, binding: Binding) -> str | None:
    """Give the kind of what a name stands for; None is a plain value."""
    statement = binding.statement
    if isinstance(statement, syntax.Declaration):
        return statement.kind.name
    if isinstance(statement, syntax.Param) and statement.type is not None:
        name = statement.type.name
        if name not in PARAM_TYPES and name in context.catalogue.kinds:
            return name
    return None


def is_sweep(context: Context, binding: Binding) -> bool:
    """Tell whether a name stands for a sweep."""
    kind = context.catalogue.kinds.get(kind_of(context, binding) or "")
    return kind is not None and kind.sweeps


def value_of(context: Context, binding: Binding) -> Any:
    """Give the value of a name, evaluating it if that has not been done."""
    if context.outer is not None and binding.name not in context.own:
        return value_of(context.outer, context.outer.bindings[binding.name])
    if binding.done:
        _await(context, binding.awaits)
        return binding.value
    if binding.active:
        _circle(context, context.stack[context.stack.index(binding) :])
        return UNRESOLVED
    if len(context.stack) >= _MAX_STACK and (members := _closed(context, binding)):
        _circle(context, members)
        return UNRESOLVED
    binding.active = True
    context.stack.append(binding)
    try:
        with context.outside():
            binding.value = _evaluate(context, binding)
    finally:
        context.stack.pop()
        binding.active = False
    binding.done = True
    _await(context, binding.awaits)
    return binding.value


def declared(context: Context, node: syntax.Path) -> tuple[Binding | None, Context]:
    """Give the binding that a path begins with, and the module that it is of; nothing is reported."""
    binding = context.bindings.get(node.segments[0].name)
    if binding is not None and isinstance(binding.statement, syntax.Import) and len(node.segments) > 1:
        inner = value_of(context, binding)
        if isinstance(inner, Context):
            return inner.bindings.get(node.segments[1].name), inner
        return None, context
    return binding, context


def _await(context: Context, sweeps: frozenset[str]) -> None:
    """Have what is under evaluation wait for the sweeps that a name in it waits for."""
    if sweeps and context.stack:
        context.stack[-1].awaits |= sweeps


def settings_behind(context: Context, binding: Binding) -> Any:
    """Give the settings that a task of a name is under: in a trial, what isn't its own is of the file."""
    if context.outer is not None and binding.name not in context.own:
        return context.outer.settings
    return context.settings


def watched(context: Context, node: syntax.Expect, evaluate: Callable[[], Any]) -> tuple[Any, frozenset[str]]:
    """Evaluate an `expect`, to which no name is bound that others use; give the sweeps whose best trial it names, too."""
    binding = Binding(node.name.name, node)
    context.stack.append(binding)
    try:
        return evaluate(), binding.awaits
    finally:
        context.stack.pop()


def mentions_of(context: Context) -> dict[str, frozenset[str]]:
    """Give the names that each name mentions, where it is written or in the value that it is given."""
    mentions = dict(context.module.mentions)
    for name, expression in context.given.items():
        mentions[name] |= mentioned(expression)
    return mentions


def in_order(context: Context, starts: Iterable[str] | None = None) -> Iterable[Binding]:
    """Give names so that each comes after those that it mentions: long chains then never nest deeply."""
    seen: set[str] = set()
    for start in context.bindings if starts is None else starts:
        stack = [(start, False)]
        while stack:
            name, finished = stack.pop()
            if finished:
                yield context.bindings[name]
                continue
            if name in seen:
                continue
            seen.add(name)
            stack.append((name, True))
            mentions = set(context.module.mentions[name])
            if name in context.given and context.importer is None:
                mentions |= mentioned(context.given[name])
            stack.extend((other, False) for other in sorted(mentions) if other in context.bindings)


def _evaluate(context: Context, binding: Binding) -> Any:
    match binding.statement:
        case syntax.Let() as let:
            return context.resolve(let.value, Wanted(Anything(), Text("slot.let", {"name": binding.name})))
        case syntax.Param() as param:
            return _param(context, param)
        case syntax.Declaration() as declaration:
            return _declaration(context, declaration)
        case syntax.Import() as node:
            # A module is evaluated by evaluating its names, so that each of the two needs the other.
            from .modules import enter

            return enter(context, node)
    raise AssertionError(binding.statement)


def _declaration(context: Context, node: syntax.Declaration) -> Any:
    kind = node.kind.name
    wanted: Type = TaskOf(kind) if context.is_task(kind) else ComponentOf(kind)
    value = node.value
    if isinstance(value, syntax.Path):
        other, owner = declared(context, value)
        if other is not None and other.statement is not node and kind_of(owner, other) == kind:
            labels = (Label(other.span, Text("label.declared", {"name": other.name})),)
            helps = (Text("L0405.help", {"name": str(value)}),)
            return context.error(
                "L0405", value.span, {"name": node.name.name, "value": str(value)}, labels=labels, helps=helps
            )
    slot = Text("slot.declaration", {"kind": kind, "name": node.name.name})
    return context.resolve(value, Wanted(wanted, slot))


def _param(context: Context, node: syntax.Param) -> Any:
    name = node.name.name
    slot = Text("slot.param", {"name": name})
    wanted: Type = Anything()
    if node.type is not None:
        declared = param_type(context, node.type)
        if declared is None:
            return UNRESOLVED
        wanted = declared
    default = _default(context, node, wanted, slot)
    if name not in context.given:
        return default
    if node.type is None:
        if isinstance(default, Unresolved):
            return default
        wanted = type_of(default)
    giver = context.importer or context
    value = of_kind(giver, context.given[name], giver.resolve(context.given[name], Wanted(wanted, slot)), wanted)
    return carried(value, giver) if context.importer else value


def type_of_param(context: Context, binding: Binding) -> Type | None:
    """Give the type of the values that a param may be given; None if something is wrong with it."""
    statement = binding.statement
    if isinstance(statement, syntax.Param) and statement.type is not None:
        return param_type(context, statement.type)
    value = value_of(context, binding)
    return None if isinstance(value, Unresolved) else type_of(value)


def _default(context: Context, node: syntax.Param, wanted: Type, slot: Text) -> Any:
    context.env = True
    try:
        if isinstance(node.value, syntax.Call) and str(node.value.path) == "env":
            default = read_environment(context, node.value, wanted, slot, type_of)
        else:
            default = context.resolve(node.value, Wanted(wanted, slot))
    finally:
        context.env = False
    return of_kind(context, node.value, default, wanted)


def of_kind(context: Context, node: syntax.Expression, value: Any, wanted: Type) -> Any:
    """Check that a param of a kind takes a declaration, so that what varies has a name."""
    if not isinstance(wanted, ComponentOf | TaskOf) or isinstance(value, Unresolved):
        return value
    if isinstance(node, syntax.Path) and node.segments[0].name in context.bindings:
        return value
    return context.error("L0218", node.span, {"kind": wanted.kind}, helps=(Text("L0218.help", {"kind": wanted.kind}),))


def param_type(context: Context, node: syntax.Segment) -> Type | None:
    """Give the type that stands behind `param name:`, or report that there is none."""
    if node.name in PARAM_TYPES:
        return PARAM_TYPES[node.name]
    kind = context.catalogue.kinds.get(node.name)
    if kind is not None:
        return TaskOf(kind.name) if kind.is_task else ComponentOf(kind.name)
    helps, fixes = suggest(node.name, [*PARAM_TYPES, *context.catalogue.kinds], node.span)
    notes = (Text("L0215.types", {"types": one_of(PARAM_TYPES)}),)
    context.error("L0215", node.span, {"type": node.name}, helps=helps, fixes=fixes, notes=notes)
    return None


def type_of(value: Any) -> Type:
    """Give the type of the values that may stand for another one: a param without a type takes its default's."""
    match value:
        case bool():
            return Boolean()
        case int() | float():
            return Number()
        case Quantity(dimension=dimension):
            return QuantityOf((dimension,), zero=True)
        case str():
            return TextType()
        case list():
            return ListOf(Anything())
        case Mapping():
            return MapOf(Anything())
    return Anything()


def _closed(context: Context, binding: Binding) -> list[Binding]:
    """Give the circle that leads from a name back to one under evaluation, by what is mentioned; empty if none."""
    active = {one.name: n for n, one in enumerate(context.stack)}
    before: dict[str, str | None] = {binding.name: None}
    queue = [binding.name]
    for name in queue:
        for other in sorted(context.module.mentions[name]):
            if other in active:
                way = [name]
                while (earlier := before[way[-1]]) is not None:
                    way.append(earlier)
                return context.stack[active[other] :] + [context.bindings[one] for one in reversed(way)]
            if other in context.bindings and other not in before:
                before[other] = name
                queue.append(other)
    return []


def _circle(context: Context, members: list[Binding]) -> None:
    """Report a circle of names once, with its path; none through a name that is declared twice, which may mean the other."""
    if any(member.name in context.again for member in members):
        return
    key = (context.label, frozenset(member.name for member in members))
    if key in context.reported:
        return
    context.reported.add(key)
    first = min(range(len(members)), key=lambda n: members[n].span.start)
    members = members[first:] + members[:first]
    binding = members[0]
    names = [member.name for member in members] + [binding.name]
    if len(names) > _SHOWN_CIRCLE:
        names[_SHOWN_CIRCLE // 2 : -_SHOWN_CIRCLE // 2] = ["…"]
    needs = list(zip(members, [*members[1:], binding], strict=True))
    # Files are mostly written in the order of what needs what: what needs a later name is probably the mistake.
    ahead = [(one, other) for one, other in needs if other.span.start >= one.span.start]
    span, shown = binding.span, needs[1:_SHOWN_CIRCLE]
    if len(ahead) == 1 and (mention := _mention(*ahead[0])) is not None:
        span, shown = mention, [pair for pair in needs[:_SHOWN_CIRCLE] if pair != ahead[0]]
    labels = tuple(
        Label(member.span, Text("label.needs", {"name": member.name, "other": after.name})) for member, after in shown
    )
    helps: tuple[Text, ...] = ()
    statement = binding.statement
    if len(members) == 1 and isinstance(statement, syntax.Declaration):
        components = context.catalogue.components(statement.kind.name)
        if binding.name in components:
            helps = (Text("L0901.component.help", {"name": binding.name}),)
    with context.outside():
        values = {"name": binding.name, "path": " -> ".join(names)}
        context.error("L0401", span, values, labels=labels, helps=helps)


def _mention(binding: Binding, other: Binding) -> Span | None:
    """Give the first place where the value of a name mentions another one."""
    node = expression_of(binding.statement)
    spans = [path.segments[0].span for path in mentions(node) if path.segments[0].name == other.name]
    return min(spans, key=lambda span: span.start, default=None)
