"""What every part of the resolver shares: the file's names, where findings go, and the values that were built."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import syntax
from ..catalogue import Catalogue, Component
from ..diagnostics.model import Diagnostic, Fix, Label, Severity, Text
from ..modules import Module, Named
from ..program import Origin
from ..record import Record
from ..source import Span
from ..types import Artifact, Either, Type
from .observer import Observer

MAX_DEPTH = 120
"""How deep expressions may nest, through names too; the parser's cap alone is 100."""

_NAME_CODES = "L02"
"""What is wrong with names is wrong in a branch that isn't taken, too."""


class Unresolved(Record):
    """Stands for a value that could not be made and was reported: nothing more is to be said of it.

    `component` is what it would have been, if that much is known. `outputs` are all that it may put out, whatever was
    meant by what is wrong with it; None if that decides.
    """

    component: Component | None = None
    outputs: Mapping[str, Artifact] | None = None


UNRESOLVED = Unresolved()


class Wanted(Record):
    """What is wanted of an expression: its type, and what people call the place (`slot`: "`lr` of `adamw`")."""

    type: Type
    slot: Text

    @property
    def options(self) -> tuple[Type, ...]:
        return alternatives(self.type)


def alternatives(wanted: Type) -> tuple[Type, ...]:
    """Give the types that a type admits, nested alternatives spread out."""
    return wanted.spread if isinstance(wanted, Either) else (wanted,)


class Recipe(Record):
    """How a component was made, so that `with` can make another from it."""

    value: Any
    component: Component
    arguments: Mapping[str, Any]


@dataclass(slots=True)
class Binding:
    """A name of the file and, once it was needed, its value."""

    name: str
    statement: Named | syntax.Expect
    done: bool = False
    active: bool = False
    value: Any = None
    awaits: frozenset[str] = frozenset()
    """Sweeps on whose best trial the value depends, known or not."""

    @property
    def span(self) -> Span:
        return self.statement.name.span


Resolve = Callable[["Context", syntax.Expression, Wanted], Any]


@dataclass(slots=True)
class Context:
    """The state of one instantiation of a module."""

    module: Module
    catalogue: Catalogue
    root: Path
    given: Mapping[str, syntax.Expression]
    """Values of params from outside."""
    evaluator: Resolve
    importer: Context | None = None
    """The file that imports this one, in which the values of `given` are written."""
    label: str = ""
    """What the experiment calls this module: "" for its own file, `corpora`, `corpora.sources`."""
    scope: str = ""
    """The key of what its names stand for: its label, in a trial of a sweep behind that of the trial."""
    imported: Span | None = None
    """The place of the import."""
    outer: Context | None = None
    """In a trial of a sweep: the file as it stands."""
    winners: Mapping[str, int] = field(default_factory=dict)
    """Sweep -> the number of its best trial, where it is known."""
    bindings: dict[str, Binding] = field(default_factory=dict)
    again: dict[str, list[Binding]] = field(init=False)
    """Name -> what further declarations of it would stand for."""
    found: list[Diagnostic] = field(default_factory=list)
    lost: set[str] = field(init=False)
    """Names of which nothing is to be said: what would have bound them is wrong, and was reported."""
    sink: list[Diagnostic] = field(init=False)
    """Where findings go now: `found`, or a list that is looked through later."""
    recipes: dict[int, Recipe] = field(default_factory=dict)
    origins: dict[int, Origin] = field(default_factory=dict)
    formulas: dict[int, tuple[Any, syntax.Expression]] = field(default_factory=dict)
    """How formulas are written, by their id."""
    stack: list[Binding] = field(default_factory=list)
    reported: set[object] = field(default_factory=set)
    own: frozenset[str] = frozenset()
    """In a trial: the names that have values of their own there; the others have those of the file."""
    varied: frozenset[str] = frozenset()
    """In a trial: the params that have other values there."""
    settings: Any = None
    """The experiment's settings, once they were built."""
    trials: dict[str, list[Context]] = field(default_factory=dict)
    """Sweep -> its trials."""
    trial: str = ""
    """What people call a trial."""
    sweep_span: Span | None = None
    """In a trial: the place of what it is judged by."""
    instances: dict[object, Context] = field(default_factory=dict)
    """The imported modules of the experiment, by file and values of the params that were given."""
    depth: int = 0
    dry: bool = False
    """In a branch that isn't taken: nothing is looked up outside the file."""
    env: bool = False
    """Whether `env` may be read here: in the default of a param."""
    observer: Observer | None = None

    def __post_init__(self) -> None:
        self.sink = self.found
        self.lost = set(self.module.lost)
        self.bindings = {name: Binding(name, statement) for name, statement in self.module.names.items()}
        self.again = {name: [Binding(name, one) for one in more] for name, more in self.module.again.items()}
        if self.importer is not None:
            # What is built in one file may be changed in another.
            self.recipes, self.origins = self.importer.recipes, self.importer.origins
            self.formulas = self.importer.formulas
            self.reported, self.instances = self.importer.reported, self.importer.instances

    def resolve(self, expression: syntax.Expression, wanted: Wanted) -> Any:
        """Evaluate an expression as a value of the wanted type, or report and give an Unresolved."""
        if self.depth >= MAX_DEPTH:
            return self.error("L0291", expression.span)
        self.depth += 1
        try:
            value = self.evaluator(self, expression, wanted)
        finally:
            self.depth -= 1
        if self.observer is not None:
            self.observer.resolved(expression, wanted, value)
        return value

    def error(
        self,
        code: str,
        span: Span,
        values: Mapping[str, object] | None = None,
        *,
        label: Text | None = None,
        labels: tuple[Label, ...] = (),
        helps: tuple[Text, ...] = (),
        notes: tuple[Text, ...] = (),
        fixes: tuple[Fix, ...] = (),
        severity: Severity = Severity.ERROR,
    ) -> Unresolved:
        """Add a diagnostic and give the sentinel for the caller to return.

        The message is the text of the code; `L0306.zero` is another wording of L0306.
        """
        self.sink.append(
            Diagnostic(code.split(".")[0], Text(code, values or {}), span, severity, label, labels, helps, notes, fixes)
        )
        return UNRESOLVED

    def warn(
        self, code: str, span: Span, values: Mapping[str, object], *helps: Text, labels: tuple[Label, ...] = ()
    ) -> None:
        """Add a warning."""
        self.error(code, span, values, labels=labels, helps=helps, severity=Severity.WARNING)

    @contextmanager
    def untaken(self) -> Iterator[None]:
        """Look only at names within: the branch of a conditional that isn't taken."""
        sink, dry = self.sink, self.dry
        self.sink, self.dry = [], True
        try:
            yield
        finally:
            inner = self.sink
            self.sink, self.dry = sink, dry
            self.sink.extend(one for one in inner if one.code.startswith(_NAME_CODES))

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Resolve what stands elsewhere in the file: it is no part of an untaken branch or of a param's default."""
        saved = self.sink, self.dry, self.env
        self.sink, self.dry, self.env = self.found, False, False
        try:
            yield
        finally:
            self.sink, self.dry, self.env = saved

    @contextmanager
    def trying(self) -> Iterator[list[Diagnostic]]:
        """Collect what is found within in a list: whoever tries decides what of it is said."""
        sink = self.sink
        self.sink = []
        try:
            yield self.sink
        finally:
            self.sink = sink

    def is_task(self, kind: str) -> bool:
        """Tell whether components of a kind are tasks."""
        known = self.catalogue.kinds.get(kind)
        return known is not None and known.is_task
