"""Calls: arguments go to fields, and a component is built from the inside out."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from .. import syntax
from ..catalogue import Component, Problem
from ..catalogue import Field as ComponentField
from ..describe import artifact, describe
from ..diagnostics.model import Diagnostic, Fix, Label, Text
from ..diagnostics.similar import similar
from ..problems import from_problem
from ..program import Given, Origin, Reference
from ..record import replace
from ..source import Span
from ..suggest import suggest
from ..types import Artifact, ComponentOf, TaskOf
from .base import Context, Recipe, Unresolved, Wanted
from .fit import field_span
from .plain import twice
from .spread import spread


def wanted_kinds(context: Context, wanted: Wanted) -> tuple[str, ...]:
    """Give the kinds of which a component may stand here; where an artifact is wanted, any task may."""
    kinds: dict[str, None] = {}
    for option in wanted.options:
        match option:
            case ComponentOf(kind=kind):
                kinds[kind] = None
            case TaskOf(kind=str(kind)):
                kinds[kind] = None
            case Artifact() | TaskOf():
                kinds.update((name, None) for name, kind in context.catalogue.kinds.items() if kind.is_task)
    return tuple(kinds)


def look_up(context: Context, name: str, wanted: Wanted) -> Component | None:
    """Find the component of a name among the kinds that may stand here."""
    for kind in wanted_kinds(context, wanted):
        component = context.catalogue.components(kind).get(name)
        if component is not None:
            return component
    return None


def of_another_kind(context: Context, name: str, kinds: tuple[str, ...]) -> Component | None:
    """Find a component of a kind that may not stand here."""
    for kind in context.catalogue.kinds:
        if kind not in kinds and (component := context.catalogue.components(kind).get(name)) is not None:
            return component
    return None


def given(context: Context, kind: str) -> Text:
    """Say what a component of a kind is."""
    return Text("type.task" if context.is_task(kind) else "type.component", {"kind": kind})


def call_of(context: Context, node: syntax.Call, component: Component, wanted: Wanted) -> Any:
    """Build what a call of a component stands for: the value, the task, or a reference to the task's default output."""
    value = build(context, node, component)
    if isinstance(value, Unresolved):
        return value
    return as_wanted(context, value, component.kind, wanted, node, component.name)


def as_wanted(context: Context, value: Any, kind: str, wanted: Wanted, node: syntax.Expression, name: str) -> Any:
    """Give a built component itself, or the reference that stands for it where an artifact is wanted."""
    if not context.is_task(kind):
        return value
    if any(isinstance(option, TaskOf) and option.kind in (None, kind) for option in wanted.options):
        return value
    return default_reference(context, value, wanted, node, name)


def default_reference(
    context: Context, task: Any, wanted: Wanted, node: syntax.Expression, name: str, settings: Any = None
) -> Any:
    """Refer to the default output of a task, which may be of a trial with settings of its own."""
    outputs = context.catalogue.outputs(task)
    if not outputs:
        return context.error("L0410", node.span, {"name": name})
    output, given = next(iter(outputs.items()))
    return refer(context, Reference(task, output, given, settings), wanted, node, name)


def refer(context: Context, reference: Reference, wanted: Wanted, node: syntax.Expression, name: str) -> Any:
    """Give a reference if its artifact is of a type that is wanted, or report what it is."""
    if reference.settings is None and context.settings is not None:
        reference = replace(reference, settings=context.settings)
    given = reference.artifact
    options = [option for option in wanted.options if isinstance(option, Artifact)]
    if any(option.accepts(given) for option in options):
        return reference
    values = {"slot": wanted.slot, "wanted": describe(wanted.type), "name": name, "given": artifact(given)}
    named = isinstance(node, syntax.Path)
    if given.name == "dataset" and given.splits and any(option.name == "rows" for option in options):
        help = Text("L0404.declare", {"part": given.splits[0]})
        if named:
            help = Text("L0404.help", {"names": [f"{name}.{split}" for split in given.splits]})
        notes = (Text("L0404.note", {"parts": list(given.splits)}),)
        return context.error("L0404", node.span, values, helps=(help,), notes=notes)
    outputs = context.catalogue.outputs(reference.task)
    fitting = [other for other, type in outputs.items() if any(option.accepts(type) for option in options)]
    task = name.removesuffix(f".{reference.output}")
    helps = (Text("L0403.outputs", {"names": [f"`{task}.{other}`" for other in fitting]}),) if fitting and named else ()
    return context.error("L0403", node.span, values, helps=helps)


def build(context: Context, node: syntax.Call, component: Component) -> Any:
    """Check the arguments of a call field by field, and build the component."""
    if context.observer is not None:
        context.observer.meant(node.path, component)
    node = spread(context, node, component)
    placed = _placed(context, node, component)
    arguments: dict[str, Any] = {}
    whole = not node.incomplete
    for name, expression in placed.items():
        field = component.fields[name]
        value = context.resolve(expression, Wanted(field.type, field_slot(component, name)))
        whole = whole and not isinstance(value, Unresolved)
        arguments[name] = value
    missing = [field for field in component.fields.values() if field.required and field.name not in placed]
    if missing and not node.incomplete:
        meant = _meant(node, component)
        lacking = [field for field in missing if field.name not in meant]
        if lacking:
            _missing(context, node.path.span, component, lacking)
    # `_placed` reports what has no field; building goes on only when nothing was amiss.
    amiss = node.incomplete or len(placed) < len(node.positional) + len(node.entries)
    if missing or not whole or amiss:
        given = [*component.positional[: len(node.positional)], *(entry.name for entry in node.entries)]
        # What couldn't be read or has an unknown name may be for any field that wasn't given.
        unsure = {name for name in component.fields if given.count(name) != 1} if amiss else ()
        return unresolved(component, arguments, unsure)
    return construct(context, component, arguments, placed, node.span, node.path.span)


def unresolved(component: Component, arguments: Mapping[str, Any], unsure: Iterable[str] = ()) -> Unresolved:
    """Stand for a component that could not be made, from what is known of its fields; `unsure` are those in doubt."""
    unknown = {*unsure, *(name for name, value in arguments.items() if isinstance(value, Unresolved))}
    known = {name: value for name, value in arguments.items() if name not in unknown}
    return Unresolved(component, component.possible_outputs(known, unknown))


def outputs_of(context: Context, task: Any) -> Mapping[str, Artifact] | None:
    """Give the outputs of a task, or those that one with a mistake may have; None if these aren't known."""
    return task.outputs if isinstance(task, Unresolved) else context.catalogue.outputs(task)


def field_slot(component: Component, field: str) -> Text:
    """Name a field for people: `lr` of `adamw`."""
    return Text("slot.field", {"field": field, "component": component.name})


def _placed(context: Context, node: syntax.Call, component: Component) -> dict[str, syntax.Expression]:
    """Bring arguments to the fields that they are for."""
    placed: dict[str, syntax.Expression] = {}
    for n, expression in enumerate(node.positional):
        if n < len(component.positional):
            placed[component.positional[n]] = expression
            continue
        compared = _compared(expression, component)
        if compared is not None:
            name, sign, value = compared
            context.error("L0120", sign, {"field": name}, helps=(Text("L0120.help"),), fixes=(Fix(sign, "="),))
            placed.setdefault(name, value)
            continue
        values = {"component": component.name, "kind": component.kind, "most": len(component.positional)}
        helps = (Text("L0209.help"),) if component.fields else ()
        context.error("L0209", expression.span, values, helps=helps, notes=(takes(component),))
        break
    first: dict[str, syntax.Entry] = {}
    for entry in node.entries:
        if entry.name not in component.fields or len(entry.key) > 1:
            unknown_field(context, entry.key[0], component)
        elif entry.name in first:
            twice(context, entry, first[entry.name])
        elif entry.name in placed:
            labels = (Label(placed[entry.name].span, Text("label.first", {"name": entry.name})),)
            context.error("L0205", entry.key_span, {"name": entry.name}, label=Text("L0205.label"), labels=labels)
        else:
            first[entry.name] = entry
            placed[entry.name] = entry.value
    return placed


def _meant(node: syntax.Call, component: Component) -> set[str]:
    """Give the fields that misspelt names stand for: they aren't missing, too."""
    unknown = [entry.name for entry in node.entries if entry.name not in component.fields]
    return {near for name in unknown for near in similar(name, component.fields)[:1]}


def _compared(node: syntax.Expression, component: Component) -> tuple[str, Span, syntax.Expression] | None:
    """Take `field == value` apart, which was meant to be `field = value`."""
    match node:
        case syntax.Binary(operator="==", left=syntax.Path(segments=(only,)) as left, right=right):
            between = Span(node.span.source, left.span.end, right.span.start)
            at = between.start + between.text.find("==")
            return (only.name, Span(between.source, at, at + 2), right) if only.name in component.fields else None
    return None


def unknown_field(context: Context, key: syntax.Segment, component: Component) -> None:
    """Report a field that a component doesn't have."""
    helps, fixes = suggest(key.name, component.fields, key.span, "L0203.similar")
    values = {"field": key.name, "kind": component.kind, "component": component.name}
    label = Text("L0203.label", {"component": component.name})
    context.error("L0203", key.span, values, label=label, helps=helps, notes=(takes(component),), fixes=fixes)


def takes(component: Component) -> Text:
    """List the fields of a component."""
    if not component.fields:
        return Text("note.takes_nothing", {"component": component.name})
    return Text("note.takes", {"component": component.name, "fields": list(component.fields)})


def _missing(context: Context, span: Span, component: Component, missing: list[ComponentField]) -> None:
    notes = tuple(
        Text("L0206.field", {"field": field.name, "wanted": describe(field.type), "description": field.description})
        for field in missing
    )
    names = [f"`{field.name}`" for field in missing]
    values = {"fields": names, "kind": component.kind, "component": component.name}
    context.error("L0206", span, values, label=Text("L0206.label", {"fields": names}), notes=notes)


def construct(
    context: Context,
    component: Component,
    arguments: Mapping[str, Any],
    written: Mapping[str, syntax.Expression],
    span: Span,
    head: Span,
    inherited: Mapping[str, Given] | None = None,
    within: Container[str] = (),
) -> Any:
    """Build a component from values whose types are right, and run its own rules.

    `head` is the place for what concerns the whole. Behind `with`, `inherited` is what the base's fields were made
    from, and `within` names those of which a part was changed.
    """
    before = inherited or {}
    sources = dict(before)
    for name, expression in written.items():
        changed = inherited is not None
        sources[name] = Given(expression, context.scope, changed, name in within, before.get(name) if changed else None)
    origin = Origin(span, sources)
    spans = origin.fields
    value, problems = component.build(arguments)
    if value is None:
        for problem in problems:
            _report(context, problem_at(problem, written, spans, head))
        return unresolved(component, arguments, [one.field for one in problems if one.field is not None])
    if component.kind in context.catalogue.kinds and context.catalogue.kinds[component.kind].sweeps:
        # A sweep resolves the file again, and so needs what needs this.
        from .sweeps import with_trials

        value = with_trials(context, component, value, arguments, written, head)
        if isinstance(value, Unresolved):
            return Unresolved(component)
    context.recipes[id(value)] = Recipe(value, component, dict(arguments))
    context.origins[id(value)] = origin
    # Asking for the outputs first: where a task's own code fails at that, its check says so.
    fruitless = context.is_task(component.kind) and not context.catalogue.outputs(value)
    if not context.dry:
        for problem in context.catalogue.check(value, context.root):
            _report(context, problem_at(problem, written, spans, head))
            if fruitless and not problem.warning:
                return Unresolved(component)
    return value


def problem_at(
    problem: Problem,
    written: Mapping[str, syntax.Expression],
    spans: Mapping[str, Span],
    head: Span,
) -> Diagnostic:
    """Give a component's own finding its place: the field (and item) it names, or the component's name."""
    field = problem.field
    if field is None or field not in spans:
        return from_problem(problem, head)
    if field in written:
        return from_problem(problem, field_span(written[field], problem.index, head))
    label = Label(spans[field], Text("label.inherited", {"field": field}))
    return from_problem(problem, head, (label,))


def _report(context: Context, diagnostic: Diagnostic) -> None:
    """Add a finding, unless a base has brought the same one already."""
    place = diagnostic.labels[0].span if diagnostic.labels else diagnostic.span
    assert place is not None
    key = (diagnostic.code, place.source, place.start, place.end, str(diagnostic.message))
    if key not in context.reported:
        context.reported.add(key)
        context.sink.append(diagnostic)
