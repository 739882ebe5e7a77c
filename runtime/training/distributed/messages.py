"""Events as lines of JSON and back: what the first rank says in place of the process that runs the task."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ....plugins.registry import Registry
from ... import events
from ...events import Event
from .handover import packed, unpacked


def event_form(event: Event) -> dict[str, Any]:
    """Give an event as JSON."""

    def refer(what: object) -> str:
        raise TypeError(f"{what} in an event")

    values = {field.name: packed(getattr(event, field.name), refer) for field in fields(event)}
    return {"event": type(event).__name__, "values": values}


def event_of(form: dict[str, Any]) -> Event:
    """Give the event that `event_form` was made of."""
    cls = getattr(events, form["event"])
    assert issubclass(cls, Event)
    registry = Registry()
    return cls(**{name: unpacked(value, registry) for name, value in form["values"].items()})
