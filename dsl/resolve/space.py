"""What a sweep varies: `over = { lr = [1e-4, 3e-4], base = [gpt, wide] }`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import syntax
from ..describe import show
from ..diagnostics.model import Label, Text
from ..quantities import Quantity
from ..source import Span
from ..suggest import suggest
from ..types import ComponentOf, Either, ListOf, TaskOf, Type, Variations
from .base import UNRESOLVED, Context, Unresolved, Wanted
from .bindings import of_kind, type_of_param
from .plain import twice


class Space(dict[str, Any]):
    """Param -> the values to try (a declaration by its name), or the component that they are drawn from.

    It remembers the places, so that what is wrong with a value in a trial is told where that value is written.
    """

    def __init__(self) -> None:
        super().__init__()
        self.keys_at: dict[str, Span] = {}
        self._values_at: dict[str, list[tuple[Any, Span]]] = {}
        self._otherwise: dict[str, Span] = {}
        self._names: set[str] = set()

    def put(self, entry: syntax.Entry, value: Any, places: list[tuple[Any, Span]], *, names: bool) -> None:
        """Add what a param takes."""
        self[entry.name] = value
        self.keys_at[entry.name] = entry.key_span
        self._values_at[entry.name] = places
        self._otherwise[entry.name] = entry.value.span
        if names:
            self._names.add(entry.name)

    def copied(self) -> Space:
        """Give a copy that can be changed."""
        other = Space()
        other.update(self)
        other.keys_at |= self.keys_at
        other._values_at |= self._values_at
        other._otherwise |= self._otherwise
        other._names |= self._names
        return other

    def place_of(self, param: str, value: Any) -> Span:
        """Give the place of a value: its own, or that of what it was drawn from."""
        return next((span for one, span in self._values_at[param] if one is value), self._otherwise[param])

    def is_name(self, param: str) -> bool:
        """Tell whether a param takes declarations."""
        return param in self._names


def variations(context: Context, node: syntax.Expression, wanted: Wanted) -> Any:
    """Resolve what a sweep varies: each key is a param, and each value fits it."""
    if not isinstance(node, syntax.Block):
        return context.error("L0561", node.span, {"slot": wanted.slot}, helps=(Text("L0561.help"),))
    drawn = next(option.drawn for option in wanted.options if isinstance(option, Variations))
    space = Space()
    first: dict[str, syntax.Entry] = {}
    whole = not node.broken
    for entry in node.entries:
        if entry.name in first:
            twice(context, entry, first[entry.name])
            whole = False
            continue
        first[entry.name] = entry
        whole = _vary(context, entry, drawn, space) and whole
    if whole and not space:
        return context.error("L0563", node.span, helps=(Text("L0561.help"),))
    return space if whole else UNRESOLVED


def changed_space(context: Context, space: Space, entries: list[syntax.Entry], wanted: Wanted) -> Any:
    """Give what a sweep varies with other values for some params, as `with { over.lr = … }` has it."""
    drawn = next(option.drawn for option in wanted.options if isinstance(option, Variations))
    changed = space.copied()
    first: dict[str, syntax.Entry] = {}
    whole = True
    for entry in entries:
        if entry.name in first:
            twice(context, entry, first[entry.name])
            whole = False
        first.setdefault(entry.name, entry)
        whole = _vary(context, entry, drawn, changed) and whole
    return changed if whole else UNRESOLVED


def as_expression(value: Any, span: Span, is_name: bool) -> syntax.Expression:
    """Write a value as the expression that a param is given in a trial; its place is where the sweep has it."""
    if is_name:
        return syntax.Path(span, tuple(syntax.Segment(span, name) for name in value.split(".")))
    if isinstance(value, str):
        return syntax.String(span, (value,))
    if isinstance(value, list | tuple):
        return syntax.List(span, tuple(as_expression(item, span, False) for item in value))
    if isinstance(value, Mapping):
        entries = ((syntax.Segment(span, key, is_key=True), item) for key, item in value.items())
        return syntax.Block(span, tuple(syntax.Entry(span, (k,), as_expression(v, span, False)) for k, v in entries))
    assert value is None or isinstance(value, bool | int | float | Quantity), value
    return syntax.Literal(span, value)


def _vary(context: Context, entry: syntax.Entry, drawn: str | None, space: Space) -> bool:
    """Resolve one entry; tell whether it is fine."""
    binding = context.bindings.get(entry.name)
    if binding is None or not isinstance(binding.statement, syntax.Param):
        if entry.name not in context.lost:
            _not_param(context, entry)
        return False
    wanted = type_of_param(context, binding)
    if wanted is None:
        return False
    slot = Text("slot.sweep", {"param": entry.name})
    if isinstance(wanted, ComponentOf | TaskOf):
        return _declarations(context, entry, wanted, slot, space)
    options: tuple[Type, ...] = (ListOf(wanted, min_length=1), *([ComponentOf(drawn)] if drawn else []))
    value = context.resolve(entry.value, Wanted(options[0] if len(options) == 1 else Either(options), slot))
    if isinstance(value, Unresolved):
        return False
    if not isinstance(value, list):
        space.put(entry, value, [], names=False)
        return True
    items = entry.value.items if isinstance(entry.value, syntax.List) else ()
    spans = [item.span for item in items] or [entry.value.span] * len(value)
    places = _distinct(context, [(one, show(one), span) for one, span in zip(value, spans, strict=True)])
    space.put(entry, [one for one, _ in places], places, names=False)
    return True


def _declarations(
    context: Context, entry: syntax.Entry, wanted: ComponentOf | TaskOf, slot: Text, space: Space
) -> bool:
    """Resolve the declarations that a param of a kind takes; each has a name."""
    if not isinstance(entry.value, syntax.List) or not entry.value.items:
        context.error(
            "L0564", entry.value.span, {"param": entry.name, "kind": wanted.kind}, helps=(Text("L0561.help"),)
        )
        return False
    names = []
    whole = True
    for item in entry.value.items:
        value = of_kind(context, item, context.resolve(item, Wanted(wanted, slot)), wanted)
        whole = whole and not isinstance(value, Unresolved)
        names.append((str(item), str(item), item.span))
    if whole:
        places = _distinct(context, names)
        space.put(entry, [name for name, _ in places], places, names=True)
    return whole


def _distinct(context: Context, values: list[tuple[Any, str, Span]]) -> list[tuple[Any, Span]]:
    """Leave out what is there already, with a warning: the same trial twice says nothing new."""
    first: dict[str, Span] = {}
    kept = []
    for value, shown, span in values:
        if shown in first:
            labels = (Label(first[shown], Text("label.first", {"name": shown})),)
            context.warn("L0570", span, {"value": shown}, labels=labels)
        else:
            first[shown] = span
            kept.append((value, span))
    return kept


def _not_param(context: Context, entry: syntax.Entry) -> None:
    params = [name for name, one in context.bindings.items() if isinstance(one.statement, syntax.Param)]
    helps, fixes = suggest(entry.name, params, entry.key_span)
    notes = (Text("L0562.params", {"names": params}),) if params else (Text("L0562.none"),)
    labels: tuple[Label, ...] = ()
    binding = context.bindings.get(entry.name)
    if binding is not None:
        labels = (Label(binding.span, Text("L0562.not_param", {"name": entry.name})),)
    context.error("L0562", entry.key_span, {"name": entry.name}, labels=labels, helps=helps, notes=notes, fixes=fixes)
