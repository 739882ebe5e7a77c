"""The result of checking: a program whose values are built, with the place in the file of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .diagnostics.model import Diagnostic
from .record import Record
from .source import Source, Span
from .syntax import Expression
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


class Given(Record, eq=False):
    """What the value of a field was made from: an expression, and the key of the scope whose names it uses."""

    expression: Expression
    scope: str = ""
    by_with: bool = False
    """Whether a `with` gave it; `before` is then what stood in the base, if anything did."""
    within: bool = False
    """Whether the `with` changed something inside the value (`optimizer.lr`) and not all of it."""
    before: Given | None = None


class Origin(Record, eq=False):
    """Where a component was written: the whole expression, and each field that was given there."""

    span: Span
    given: Mapping[str, Given] = {}

    @property
    def fields(self) -> dict[str, Span]:
        """Give the places of the fields' values; a field changed by `with` has the place of that change."""
        return {name: given.expression.span for name, given in self.given.items()}


class Declared(Record):
    """A declaration whose value is built (a component: a value or a task).

    `name` is what the experiment calls it: `corpora.wiki` in an imported file.
    """

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
    places: Mapping[str, Span] = {}
    """Param that varies -> where the sweep has the value that it takes here."""


class Knob(Record):
    """A `param`: its value in this program, and whether it was given from outside (its file)."""

    name: str
    value: Any
    given: bool
    span: Span
    doc: str = ""
    source: Given | None = None
    """The expression that it has its value from: its default, or what was given in its place."""
    kind: str = ""
    """The kind of declaration that it takes, whose name is then its value."""
    sweep: str = ""
    """In a trial: the sweep that gives it its value there."""


class Let(Record):
    """A `let` and its value."""

    name: str
    value: Any
    span: Span
    doc: str = ""
    source: Given | None = None


class Expectation(Record):
    """An `expect`: a comparison that is judged after the run."""

    name: str
    formula: Formula
    span: Span
    name_span: Span
    doc: str = ""
    awaits: frozenset[str] = frozenset()
    """As of a declaration."""
    chosen: frozenset[str] = frozenset()
    """Sweeps whose best trial it names, known or not: its numbers are what they are because of that choice."""


class UsedDistribution(Record):
    name: str
    prefix: str
    version: str
    span: Span
    acts: bool = False
    """As of `Used`."""


class Scope(Record, eq=False):
    """A file of a program, evaluated: the experiment's own, or an imported one with the params set there.

    A file that is imported with other params is another scope; with the same ones it is the same.
    """

    label: str
    """What the experiment calls it: "" its own file, else the import's name: `corpora`, `corpora.sources`."""
    source: Source
    params: Mapping[str, Knob]
    lets: Mapping[str, Let]
    uses: tuple[UsedDistribution, ...]
    imported: Span | None = None
    """The place of the (first) import."""


Again = Callable[[Mapping[str, int]], "tuple[Program | None, list[Diagnostic]]"]
"""Makes a program again, knowing the numbers of the best trials of sweeps."""


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
    imported: Mapping[str, Declared] = {}
    """The declarations of imported files, by their names here: `corpora.wiki`."""
    scopes: Mapping[str, Scope] = {}
    """The files by their labels, the experiment's own (labelled "") first."""
    trial_scopes: Mapping[str, Scope] = {}
    """What the names of the files stand for in trials, by keys that `Given.scope` has: `search#0`, `search#0.corpora`."""
    trials: tuple[Trial, ...] = ()
    """The trials of all sweeps."""
    again: Again | None = None
    """Makes the same program, knowing the numbers of the best trials of sweeps."""

    @property
    def everything(self) -> dict[str, Declared]:
        """Give the declarations of this file and of those that it imports, by name."""
        return {**self.declarations, **self.imported}

    def label(self, component: Any) -> str | None:
        """Give the name that the experiment has for a component, or None if it is anonymous."""
        for declared in self.everything.values():
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
