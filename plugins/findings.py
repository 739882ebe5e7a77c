"""What a rule over the whole program asks of it, and where it reports (`llx_check(program, findings)`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from ..dsl.diagnostics.model import Diagnostic, Label, Severity, Text
from ..dsl.program import Program, Reference
from ..dsl.record import Record
from ..dsl.source import Span
from .component import Component, help_of
from .lineage import Lineage
from .provenance import Provenance
from .schema import word_of

C = TypeVar("C", bound=Component)


class Also(Record, eq=False):
    """A secondary place of a finding: a component, one of its fields (None: the whole), and what is to be seen there."""

    component: Component
    field: str | None
    key: str
    """The key of a text; it may use the values of the finding, and `name`, which is what the component is called."""
    values: Mapping[str, object] = {}


class _Held(Record, eq=False):
    """A component of the program, and the field of another by which it is reached first."""

    component: Component
    by: Component | None
    field: str | None


class Findings:
    """Collects what rules find, each with its place in the file."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.diagnostics: list[Diagnostic] = []
        self._every: dict[type[Component], list[Any]] = {}
        self._said: set[tuple[str, Span | None]] = set()

    def error(
        self,
        component: Component,
        field: str | None,
        code: str,
        values: Mapping[str, object] | None = None,
        *,
        help: str | None = None,
        labels: Sequence[Also] = (),
    ) -> None:
        """Report an error at a field of a component, or at the component (None).

        `code` is the key of the message; `help` that of the help, by default `<code>.help` if there is such a text.
        A field that the file doesn't write stands at its component, and that at what it is written in.
        """
        self._add(Severity.ERROR, component, field, code, values, help, labels)

    def warning(
        self,
        component: Component,
        field: str | None,
        code: str,
        values: Mapping[str, object] | None = None,
        *,
        help: str | None = None,
        labels: Sequence[Also] = (),
    ) -> None:
        """Report something suspicious; the run is not stopped by it."""
        self._add(Severity.WARNING, component, field, code, values, help, labels)

    def take(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Take diagnostics that a rule made by hand."""
        for diagnostic in diagnostics:
            if not isinstance(diagnostic, Diagnostic):
                raise TypeError(f"a rule gives diagnostics, not {type(diagnostic).__name__}")
            self.diagnostics.append(diagnostic)

    def every(self, base: type[C]) -> Sequence[C]:
        """Give each component of a class in the program, once, tasks without a name included."""
        if base not in self._every:
            self._every[base] = [held.component for held in self._held.values() if isinstance(held.component, base)]
        return self._every[base]

    def label(self, component: Component) -> str:
        """Give the name that the file gives a component, or that of the component itself if it gives none."""
        return self.program.label(component) or component.name

    @cached_property
    def provenance(self) -> Provenance:
        """Follows references to rows to where they come from."""
        return Provenance(self.program.root)

    @cached_property
    def lineage(self) -> Lineage:
        """Tells what tasks build on, and which rows they use for what."""
        return Lineage(self.provenance)

    def place(self, component: Component, field: str | None = None) -> Span | None:
        """Give the place of a field, of its component, or of the nearest one around it that is written."""
        while True:
            if (span := self.program.place(component, field)) is not None:
                return span
            held = self._held.get(id(component))
            if held is None or held.by is None:
                return None
            component, field = held.by, held.field

    @cached_property
    def _held(self) -> dict[int, _Held]:
        """Give each component of the program by its id."""
        declared = [self.program.settings, *(one.value for one in self.program.declarations.values())]
        waiting = [_Held(value, None, None) for value in declared if isinstance(value, Component)]
        found = {id(held.component): held for held in waiting}
        while waiting:
            holder = waiting.pop().component
            for name in type(holder).model_fields:
                for part in _parts(getattr(holder, name)):
                    if id(part) not in found:
                        found[id(part)] = held = _Held(part, holder, word_of(name))
                        waiting.append(held)
        return found

    def _add(
        self,
        severity: Severity,
        component: Component,
        field: str | None,
        code: str,
        values: Mapping[str, object] | None,
        help: str | None,
        labels: Sequence[Also],
    ) -> None:
        given = dict(values or {})
        span = self.place(component, field)
        shown: dict[Span, Label] = {}
        for also in labels:
            place = self.place(also.component, also.field)
            if place is not None and place != span:
                text = Text(also.key, given | {"name": self.label(also.component)} | dict(also.values))
                shown.setdefault(place, Label(place, text))
        text = Text(code, given)
        helps = tuple(filter(None, [help_of(text, help)]))
        found = Diagnostic(code.split(".")[0], text, span, severity, labels=tuple(shown.values()), helps=helps)
        # A variant that inherits a field has the same place: what is said of it once is enough.
        if span is None or (found.code, span) not in self._said:
            self._said.add((found.code, span))
            self.diagnostics.append(found)


def _parts(value: Any) -> Iterator[Component]:
    """Give the components right within a value: its own, and the tasks that it refers to."""
    if isinstance(value, Component):
        yield value
    elif isinstance(value, Reference):
        yield value.task
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _parts(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _parts(item)
