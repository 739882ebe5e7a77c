"""`base with { … }`: a component's description with some entries changed, built again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import syntax
from ..catalogue import Component
from ..describe import describe, show
from ..diagnostics.model import Label, Text
from ..program import Reference
from ..record import Record
from ..source import Span
from ..types import Artifact, ComponentOf, Either, MapOf, TaskOf, Type
from .base import UNRESOLVED, Context, Recipe, Unresolved, Wanted
from .build import as_wanted, construct, field_slot, refer, unknown_field, unresolved, wanted_kinds
from .space import Space, changed_space
from .spread import keyed_field, named_entry


class _Change(Record):
    """One entry behind `with`: what is left of its key, and the value."""

    key: tuple[syntax.Segment, ...]
    entry: syntax.Entry


def update(context: Context, node: syntax.With, wanted: Wanted) -> Any:
    """Resolve `base with { … }`."""
    types = _descriptions(wanted)
    if not types:
        values = {"slot": wanted.slot, "wanted": describe(wanted.type)}
        return context.error("L0408", node.span, values)
    base = context.resolve(node.base, Wanted(types[0] if len(types) == 1 else Either(types), wanted.slot))
    if context.observer is not None:
        context.observer.changed(node.block, base)
    changes = [_Change(entry.key, entry) for entry in node.block.entries]
    if isinstance(base, Unresolved):
        if base.component is None:
            return base
        _look_at(context, base.component, _spread(context, base.component, {}, changes))
        return unresolved(base.component, {}, base.component.fields)
    value = _changed(context, base, changes, node.span, node.block.span)
    if isinstance(value, Unresolved) or node.block.broken:
        return value if isinstance(value, Unresolved) else UNRESOLVED
    component = recipe_of(context, value).component
    return as_wanted(context, value, component.kind, wanted, node, component.name)


def recipe_of(context: Context, value: Any) -> Recipe:
    """Give how a component was made; one that no file wrote (a field's default) is asked of the catalogue."""
    recipe = context.recipes.get(id(value))
    if recipe is None:
        component, arguments = context.catalogue.recipe(value)
        recipe = context.recipes[id(value)] = Recipe(value, component, dict(arguments))
    return recipe


def _descriptions(wanted: Wanted) -> tuple[Type, ...]:
    """Give the types of a base: where an artifact is wanted, the task itself."""
    kinds: dict[Type, None] = {}
    for option in wanted.options:
        match option:
            case ComponentOf() | TaskOf():
                kinds[option] = None
            case Artifact():
                kinds[TaskOf()] = None
    return tuple(kinds)


def _changed(context: Context, base: Any, changes: list[_Change], span: Span, head: Span) -> Any:
    """Build a component again with changes to its fields."""
    recipe = recipe_of(context, base)
    component = recipe.component
    arguments = dict(recipe.arguments)
    origin = context.origins.get(id(base))
    now: dict[str, syntax.Expression] = {}
    within: set[str] = set()
    whole = True
    groups = _grouped(_spread(context, component, arguments, changes))
    for name, group in groups.items():
        if not _known(context, component, group):
            whole = False
            continue
        value = _field(context, component, name, arguments, group)
        whole = whole and not isinstance(value, Unresolved)
        arguments[name] = value
        now[name] = group[-1].entry.value
        if len(group[0].key) > 1:
            within.add(name)
    if not whole:
        # A change that isn't known may be one to any field.
        return unresolved(component, arguments, () if now.keys() == groups.keys() else component.fields)
    return construct(context, component, arguments, now, span, head, origin.given if origin else {}, within)


def _spread(
    context: Context, component: Component, arguments: Mapping[str, Any], changes: list[_Change]
) -> list[_Change]:
    """Bring changes to the fields that they are for, where a key may be that of entries of two (see `spread`)."""
    free = [change for change in changes if change.key[0].name not in component.fields]
    fields = keyed_field(component) if free else None
    if fields is None:
        return changes
    keyed, of = fields
    found = []
    for change in changes:
        first, *deeper = change.key
        if change not in free:
            found.append(change)
            continue
        field = of if deeper else keyed
        found.append(_Change((syntax.Segment(first.span, field), *change.key), change.entry))
        if not deeper and first.name not in (arguments.get(of) or {}):
            entry = named_entry(context, change.entry)
            found.append(_Change((syntax.Segment(first.span, of), first), entry))
    return found


def _grouped(changes: list[_Change]) -> dict[str, list[_Change]]:
    groups: dict[str, list[_Change]] = {}
    for change in changes:
        groups.setdefault(change.key[0].name, []).append(change)
    return groups


def _known(context: Context, component: Component, group: list[_Change]) -> bool:
    """Check that a field exists, and is changed once."""
    first = group[0]
    if first.key[0].name not in component.fields:
        unknown_field(context, first.key[0], component)
        return False
    return _once(context, group)


def _once(context: Context, group: list[_Change]) -> bool:
    """Check that nothing is changed as a whole and again."""
    whole = next((change for change in group if len(change.key) == 1), None)
    if whole is not None and len(group) > 1:
        other = next(change for change in group if change is not whole)
        early, late = sorted((whole, other), key=lambda change: change.entry.span.start)
        labels = (Label(early.entry.key_span, Text("label.first", {"name": early.entry.name})),)
        label = Text("L0205.label")
        context.error("L0205", late.entry.key_span, {"name": late.entry.name}, label=label, labels=labels)
        return False
    return True


def _field(
    context: Context, component: Component, name: str, arguments: Mapping[str, Any], group: list[_Change]
) -> Any:
    """Give the new value of a field: what an entry says, or what was there with changes within it."""
    field = component.fields[name]
    slot = field_slot(component, name)
    if len(group[0].key) == 1:
        return context.resolve(group[0].entry.value, Wanted(field.type, slot))
    current = arguments.get(name, field.default)
    inner = [_Change(change.key[1:], change.entry) for change in group]
    return _within(context, current, inner, Wanted(field.type, slot), group[0])


def _within(context: Context, current: Any, inner: list[_Change], wanted: Wanted, change: _Change) -> Any:
    """Change something inside the value of a field."""
    span = change.entry.span
    if isinstance(current, Unresolved):
        return current
    if isinstance(current, Reference):
        task = _changed(context, current.task, inner, span, change.entry.key_span)
        if isinstance(task, Unresolved):
            return task
        outputs = context.catalogue.outputs(task)
        if current.output not in outputs:
            names = list(outputs)
            values = {
                "output": current.output,
                "kind": recipe_of(context, task).component.kind,
                "name": change.key[0].name,
            }
            notes = (Text("L0402.outputs", {"name": change.key[0].name, "outputs": names}),)
            return context.error("L0402", change.entry.key_span, values, notes=notes)
        return refer(
            context,
            Reference(task, current.output, outputs[current.output]),
            wanted,
            change.entry.value,
            change.key[0].name,
        )
    if isinstance(current, Space):
        entries = [syntax.Entry(change.entry.span, change.key, change.entry.value) for change in inner]
        return changed_space(context, current, entries, wanted)
    if isinstance(current, dict):
        return _map(context, current, inner, wanted)
    if (
        wanted_kinds(context, wanted)
        and current is not None
        and not isinstance(current, str | int | float | list | tuple)
    ):
        return _changed(context, current, inner, span, change.entry.key_span)
    values = {"field": change.key[0].name, "value": show(current)}
    return context.error("L0412", change.entry.key_span, values)


def _map(context: Context, current: Mapping[str, Any], inner: list[_Change], wanted: Wanted) -> Any:
    """Change entries of a map."""
    types = [option.item for option in wanted.options if isinstance(option, MapOf)]
    if not types:
        return UNRESOLVED
    item = types[0] if len(types) == 1 else Either(tuple(types))
    changed = dict(current)
    for name, group in _grouped(inner).items():
        slot = Text("slot.key", {"key": name, "of": wanted.slot})
        if not _once(context, group):
            changed[name] = UNRESOLVED
        elif len(group[0].key) == 1:
            changed[name] = context.resolve(group[0].entry.value, Wanted(item, slot))
        elif name in changed:
            deeper = [_Change(change.key[1:], change.entry) for change in group]
            changed[name] = _within(context, changed[name], deeper, Wanted(item, slot), group[0])
        else:
            changed[name] = context.error("L0412", group[0].entry.key_span, {"field": name, "value": "none"})
    return UNRESOLVED if any(isinstance(value, Unresolved) for value in changed.values()) else changed


def _look_at(context: Context, component: Component, changes: list[_Change]) -> None:
    """Check the changes to a base that could not be built."""
    for name, group in _grouped(changes).items():
        if _known(context, component, group) and len(group[0].key) == 1:
            field = component.fields[name]
            context.resolve(group[0].entry.value, Wanted(field.type, field_slot(component, name)))
