"""Entries that say two things: in `mixed { causal_lm = 70% }` the key is the name of a part, and the number its share."""

from __future__ import annotations

from .. import syntax
from ..catalogue import Component
from ..types import Keyed
from .base import Context


def keyed_field(component: Component) -> tuple[str, str] | None:
    """Give the field whose entries may stand in the component's own block, and the one whose keys it has; None for most."""
    found = ((name, field.type) for name, field in component.fields.items())
    return next(((name, type_.of) for name, type_ in found if isinstance(type_, Keyed)), None)


def spread(context: Context, node: syntax.Call, component: Component) -> syntax.Call:
    """Write a call with each entry at the field that it is for, where some stand for entries of two fields."""
    free = [entry for entry in node.entries if entry.name not in component.fields]
    fields = keyed_field(component) if free else None
    if fields is None:
        return node
    keyed, of = fields
    kept = [entry for entry in node.entries if entry.name in component.fields and entry.name != of]
    given = [entry for entry in node.entries if entry.name == of]
    written = given[0].value if given else syntax.Block(node.span, ())
    if isinstance(written, syntax.Block):
        said = {entry.name for entry in written.entries}
        first = {entry.name: entry for entry in reversed(free) if entry.name not in said}
        parts = (*(named_entry(context, entry) for entry in reversed(first.values())), *written.entries)
        given[:1] = [_entry(of, syntax.Block(written.span, parts, written.broken), free[0])]
    shares = _entry(keyed, syntax.Block(free[0].span.to(free[-1].span), tuple(free)), free[0])
    entries = (*kept, *given, shares)
    return syntax.Call(node.span, node.path, node.positional, entries, None, node.incomplete)


def named_entry(context: Context, entry: syntax.Entry) -> syntax.Entry:
    """Give the entry whose value is what a key names."""
    path = syntax.Path(entry.key_span, entry.key)
    if context.observer is not None:
        context.observer.named(entry, path)
    return syntax.Entry(entry.span, entry.key, path)


def _entry(name: str, value: syntax.Expression, near: syntax.Entry) -> syntax.Entry:
    return syntax.Entry(value.span, (syntax.Segment(near.key_span, name),), value)
