"""A component by where its class is, for distributions that would rather not import what a file doesn't name."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ..dsl.record import Record

if TYPE_CHECKING:
    from .component import Component


class Located(Record):
    """A component that is imported when it is needed; `place` is as in an entry point: `package.module:Class`.

    `kind` and `name` are what the class says of itself, so that a file can be read without it.
    """

    kind: str
    name: str
    place: str

    def load(self) -> type[Component]:
        """Import the class; TypeError if it isn't what this says of it."""
        module, _, name = self.place.partition(":")
        found: type[Component] = getattr(import_module(module), name)
        if (found.kind, found.name) != (self.kind, self.name):
            raise TypeError(f"{self.place} is {found.kind} {found.name}, not {self.kind} {self.name}")
        return found
