"""The result of checking: a program whose values are built, with the place in the file of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .diagnostics.model import Diagnostic
from .record import Record
from .source import Source, Span
from .types import Artifact

if TYPE_CHECKING:
    from .formula import Formula


class Reference(Record, eq=False):
    """An edge of the graph: an output of a task. Names are labels beside it and no part of it."""

    task: Any
    output: str
    artifact: Artifact
    settings: Any = None
    """The settings of the experiment that the task is of, where a trial of a sweep has its own."""

    def __repr__(self) -> str:
        return f"Reference({type(self.task).__name__}.{self.output})"


class Origin(Record):
    """Where a component was written: the whole expression, and each field that was given there.

    A field changed by `with` has the span of that entry. The span of a field is that of its value.
    """

    span: Span
    fields: Mapping[str, Span] = {}


class Declared(Record):
    """A declaration whose value is built (a component: a value or a task)."""

    name: str
    kind: str
    value: Any
    span: Span
    name_span: Span
    doc: str = ""
    awaits: frozenset[str] = frozenset()
    """Sweeps of which the best trial isn't known yet: until it is, the value is built on their first trials."""


class Trial(Record, eq=False):
    """A trial of a sweep: the file with other values of its params, as far as it was evaluated."""

    sweep: str
    number: int
    """From 0, in the order of the sweep."""
    label: str
    """What people call it: `search(lr=0.0003, seed=8)`."""
    declarations: Mapping[str, Any]
    """What it has for itself: the values of the declarations that depend on what varies."""


class Knob(Record):
    """A `param`: its value in this program, and whether it was given from outside."""

    name: str
    value: Any
    given: bool
    span: Span
    doc: str = ""


class Expectation(Record):
    """An `expect`: a comparison that is judged after the run."""

    name: str
    formula: Formula
    span: Span
    name_span: Span
    doc: str = ""
    awaits: frozenset[str] = frozenset()
    """As of a declaration."""


class UsedDistribution(Record):
    name: str
    prefix: str
    version: str
    span: Span


class Program(Record, eq=False):
    """A checked experiment: nothing in it is a name any more."""

    name: str
    doc: str
    source: Source
    root: Path
    """The project's root: every path in a value is relative to it."""
    settings: Any
    """The built `experiment` component: seed, device, precision, …"""
    declarations: Mapping[str, Declared]
    params: Mapping[str, Knob]
    uses: tuple[UsedDistribution, ...]
    origins: Mapping[int, Origin]
    """By `id()` of a component that is alive as long as the program."""
    final: tuple[str, ...]
    """Names of the declarations that a run is for, in the order of the file."""
    expects: Mapping[str, Expectation] = {}
    """What is judged after the run; the tasks that it refers to are run for it."""
    trials: tuple[Trial, ...] = ()
    """The trials of all sweeps."""
    again: Callable[[Mapping[str, int]], tuple[Program | None, list[Diagnostic]]] | None = None
    """Makes the same program, knowing the numbers of the best trials of sweeps."""

    def label(self, component: Any) -> str | None:
        """Give the name that the file gives to a component, or None if it is anonymous."""
        for declared in self.declarations.values():
            if declared.value is component:
                return declared.name
        for trial in self.trials:
            for name, value in trial.declarations.items():
                if value is component:
                    return f"{trial.label} · {name}"
        return None

    def place(self, component: Any, field: str | None = None) -> Span | None:
        """Give the place of a component, or of one of its fields if it was written."""
        origin = self.origins.get(id(component))
        if origin is None:
            return None
        return origin.fields.get(field, origin.span) if field else origin.span
