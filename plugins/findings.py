"""What a rule over the whole program asks of it, and where it reports (`llx_check(program, findings)`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from ..dsl.diagnostics.model import Diagnostic, Label, Severity, Text
from ..dsl.program import Program, Reference, Trial
from ..dsl.record import Record
from ..dsl.source import Span
from .component import Component, help_of, walk
from .lineage import Lineage
from .provenance import Provenance
from .schema import word_of
from .sweeps import Trial as SweepTrial

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
    trial: Trial | None = None
    """The trial of a sweep that has it for itself."""


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
        """Give each component of a class in the program, once: tasks without a name and those of trials included."""
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
        found: dict[int, _Held] = {}
        declared = [self.program.settings, *(one.value for one in self.program.declarations.values())]
        self._hold(declared, None, found)
        for trial in self.program.trials:
            # What a trial shares with the file, or with a trial before it, is held already.
            self._hold(trial.declarations.values(), trial, found)
        return found

    def _hold(self, values: Iterable[Any], trial: Trial | None, found: dict[int, _Held]) -> None:
        waiting = [
            _Held(one, None, None, trial) for one in values if isinstance(one, Component) and id(one) not in found
        ]
        found |= {id(held.component): held for held in waiting}
        while waiting:
            holder = waiting.pop().component
            for name in type(holder).model_fields:
                for part in _parts(getattr(holder, name)):
                    # Trials come after the file, each by what it has for itself.
                    if id(part) not in found and not isinstance(part, SweepTrial):
                        found[id(part)] = held = _Held(part, holder, word_of(name), trial)
                        waiting.append(held)

    def _tried(self, component: Component, span: Span | None) -> tuple[Trial, str] | None:
        """Give the trial that has a component for itself, and the param that what stands at a place comes from."""
        held = self._held.get(id(component))
        if held is None or held.trial is None or span is None:
            return None
        names = re.findall(r"[^\W\d]\w*", span.text)
        param = next((name for name in names if name in held.trial.places), None)
        return (held.trial, param) if param is not None else None

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
        label: Text | None = None
        notes: tuple[Text, ...] = ()
        if (tried := self._tried(component, span)) is not None:
            # What is suspicious is the value that the sweep gives a param, and not where the param is used.
            trial, param = tried
            span = trial.places[param]
            label, notes = Text("label.tried", {"name": param}), (Text("note.trial", {"trial": trial.label}),)
        text = Text(code, given)
        helps = tuple(filter(None, [help_of(text, help)]))
        found = Diagnostic(code.split(".")[0], text, span, severity, label, tuple(shown.values()), helps, notes)
        # A variant that inherits a field has the same place: what is said of it once is enough.
        if span is None or (found.code, span) not in self._said:
            self._said.add((found.code, span))
            self.diagnostics.append(found)


def _parts(value: Any) -> Iterator[Component]:
    """Give the components right within a value: its own, and the tasks that it refers to, in formulas too."""
    for part in walk(value, deep=False):
        yield part.task if isinstance(part, Reference) else part
