"""What the checker must know of components, as a protocol: the language names none of them itself."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from .diagnostics.model import Diagnostic, Text
from .program import Program
from .record import Record
from .types import Artifact, Type


class Field(Record):
    """A field of a component as the language sees it.

    `name` is the word of the language (`from`), never Python's (`from_`).
    """

    name: str
    type: Type
    required: bool
    default: Any
    description: str


class Kind(Record):
    """A kind of declaration. A task runs and has outputs; a value is part of a task's description.

    `final` tasks are what a run is for (stages, evals, exports); the others run when something needs them.
    """

    name: str
    is_task: bool
    final: bool
    description: str
    sweeps: bool = False
    """Whether its tasks run the file again and again with other params."""


class Assignment(Record):
    """What a sweep gives a trial: values of params, how much higher the experiment's seed is, and its fold (0: as it is)."""

    params: Mapping[str, Any]
    offset: int = 0
    fold: int = 0


class Tried(Record, eq=False):
    """A trial as a sweep is told of it: its params, its seed and fold where these vary, and what it is judged by."""

    params: Mapping[str, Any]
    seed: int | None
    objective: Any
    fold: int | None = None


class Problem(Record):
    """What an author's validator or check found: at a field (and index), or at the component when `field` is None."""

    message: Text
    code: str
    field: str | None = None
    index: int | str | None = None
    warning: bool = False
    help: Text | None = None
    label: Text | None = None


class Component(Protocol):
    """A component that a file may name."""

    kind: str
    name: str
    """As written in the file, with the prefix of its distribution: `focal.focal_classification`."""

    @property
    def description(self) -> str: ...

    @property
    def positional(self) -> tuple[str, ...]: ...

    @property
    def artifact(self) -> str | None:
        """The name of the type of a task's default output, where the component alone decides it."""
        ...

    @property
    def fields(self) -> Mapping[str, Field]:
        """The fields by name; most components of a catalogue are never named, so they may be worked out when asked."""
        ...

    def build(self, arguments: Mapping[str, Any]) -> tuple[Any, list[Problem]]:
        """Make the value from arguments whose types the language has checked, or say what its validators found.

        Returns (value, []) or (None, problems).
        """
        ...

    def possible_outputs(self, arguments: Mapping[str, Any], unknown: Container[str]) -> Mapping[str, Artifact] | None:
        """Give all outputs that a task may have, whatever stands in the fields that are unknown.

        None if that can't be said without them, and for what is no task.
        """
        ...


REQUIREMENTS = "requirements"
"""The `field` of a problem with the version that a `use` asks for."""


class Used(Record):
    """The answer to a `use`: the prefix under which components are seen, or what went wrong."""

    prefix: str | None
    version: str | None
    problem: Problem | None = None
    acts: bool = False
    """Whether it does something without being named: it brings rules or kinds, or listens to runs."""


class Catalogue(Protocol):
    """Kinds and components that one file sees. A catalogue belongs to one file of one check: `use` adds to it."""

    @property
    def kinds(self) -> Mapping[str, Kind]: ...

    @property
    def experiment(self) -> Component:
        """The fields of `experiment`."""
        ...

    def fresh(self) -> Catalogue:
        """Give the catalogue of another file of the same check: what one file uses, the other doesn't see."""
        ...

    def components(self, kind: str) -> Mapping[str, Component]:
        """Give the components of a kind by the name under which the file sees them."""
        ...

    def use(self, distribution: str, requirements: Iterable[tuple[str, str]], alias: str | None) -> Used:
        """Make a distribution's components visible; requirements are pairs like (">=", "0.2")."""
        ...

    def outputs(self, task: Any) -> Mapping[str, Artifact]:
        """Give the typed outputs of a task, its default output first."""
        ...

    def recipe(self, value: Any) -> tuple[Component, Mapping[str, Any]]:
        """Give the component that a built value is of, and the arguments that were set (for `with` on a default)."""
        ...

    def assignments(self, sweep: Any) -> Sequence[Assignment] | Problem:
        """Give the trials that a sweep makes; a problem if its own code fails."""
        ...

    def swept(self, sweep: Any, trials: Sequence[Tried]) -> Any:
        """Give the sweep that knows its trials."""
        ...

    def check(self, value: Any, root: Path) -> Iterable[Problem]:
        """Run the rules that a component states for itself, given the neighbours that it refers to.

        `root` is the project's root, to which the paths in the value are relative: files may be looked at,
        briefly (a header, the first rows).
        """
        ...

    def rules(self, program: Program, whole: bool = True) -> Iterable[Diagnostic]:
        """Run the rules over a program that plugins offer.

        One that is not `whole` lacks declarations in which something is wrong, or holds components with mistakes.
        """
        ...
