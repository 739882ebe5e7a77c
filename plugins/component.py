"""The two bases that the runtime knows: a component, which is a value, and a task, which runs.

A component is one frozen pydantic class. Its fields are its language, its docstring and `Field(description=…)`
are its documentation, and `kind`, `name`, `version` are its identity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import core_schema

from ..dsl.catalogue import Problem
from ..dsl.diagnostics import words
from ..dsl.diagnostics.model import Text
from ..dsl.formula import Formula
from ..dsl.program import Reference
from ..dsl.quantities import Quantity
from ..dsl.record import Record
from ..dsl.types import Artifact

if TYPE_CHECKING:
    from .derived import RowsUsed
    from .work import Work

Facts = dict[str, Any]
"""Small JSON that a task knows of what it put out: vocabulary size, label set, row counts."""


class Component(BaseModel):
    """A value of the language.

    `positional` names the fields that arguments without a name go to, in order. `version` enters the
    fingerprint: raise it when the same fields mean another result (a changed default included). `example` is how it
    is written in a file, for the documentation: what stands behind the `=` of a declaration.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        defer_build=True,
        arbitrary_types_allowed=True,
        protected_namespaces=(),
        allow_inf_nan=False,
    )

    kind: ClassVar[str] = ""
    name: ClassVar[str] = ""
    version: ClassVar[int] = 1
    example: ClassVar[str] = ""
    positional: ClassVar[tuple[str, ...]] = ()

    def check(self, place: Place) -> None:
        """Report what is wrong with this component among its neighbours, through `place` only.

        Runs at `llx check`: no torch, nothing slow. Fields have their right types already.
        """

    def derived(self) -> Mapping[str, Any]:
        """Give what follows from the fields, by name: what a field that is `none` stands for, a size without a field.

        It is shown by `llx describe` and by editors; nothing is made from it. Runs at `llx check`: no torch.
        """
        return {}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        # A field that is typed by a base takes any component of it, and never a dict, which pydantic would
        # quietly build into the base.
        if not cls.name:
            return core_schema.is_instance_schema(cls)
        return handler(source)


class Place:
    """Where a component's own check reports: at one of its fields, or at the component."""

    def __init__(self, root: Path) -> None:
        self.root = root
        """The project's root; paths in fields are relative to it."""
        self.problems: list[Problem] = []

    def error(
        self,
        field: str | None,
        code: str,
        values: Mapping[str, object] | None = None,
        *,
        help: str | None = None,
        index: int | str | None = None,
    ) -> None:
        """Report an error: `code` is the message's key in the distribution's catalogue (`llx_messages`).

        `help` is the key of the help text, by default `<code>.help` if there is such a text. `field` is the word of
        the language; None is the whole component. `index` is the place in a list, or the key in a map.
        """
        self._add(field, code, values, help, index, warning=False)

    def warning(
        self,
        field: str | None,
        code: str,
        values: Mapping[str, object] | None = None,
        *,
        help: str | None = None,
        index: int | str | None = None,
    ) -> None:
        """Report something suspicious; the run is not stopped by it."""
        self._add(field, code, values, help, index, warning=True)

    def _add(
        self,
        field: str | None,
        code: str,
        values: Mapping[str, object] | None,
        help: str | None,
        index: int | str | None,
        warning: bool,
    ) -> None:
        given = dict(values or {})
        text = Text(code, given)
        self.problems.append(Problem(text, code.split(".")[0], field, index, warning, help_of(text, help)))


def help_of(message: Text, key: str | None) -> Text | None:
    """Give the help for a message: that of a key, or `<message>.help` if there is such a text."""
    if key is None:
        key = f"{message.key}.help"
        return Text(key, message.values) if key in words.catalogue("en") else None
    return Text(key, message.values)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a task will cost, as far as it can be known before it runs. None is unknown, and the plan says so."""

    parameters: int | None = None
    trained_parameters: int | None = None
    active_parameters: int | None = None
    """Those that a token goes through, where experts share the tokens."""
    tokens: int | None = None
    rows: int | None = None
    """Rows of data a step, on average: what a batch comes to in whole rows."""
    flops: float | None = None
    """Floating-point operations of the whole task (a multiply-add is two)."""
    memory: int | None = None
    """Peak bytes on the device."""
    disk: int | None = None
    """Bytes in the store."""


class Part(Record):
    """What a task does of another one: all of it up to a share of its budget, in the folder where that one works."""

    of: Task
    share: float


class Choice(Record):
    """What a task asks for that chooses among its inputs while the run goes on."""

    now: Sequence[Reference | Task]
    """What it needs before it can run, or can say what else it needs."""
    later: Sequence[Sequence[Reference | Task]] = ()
    """Of which of these it will ask for some, each with all that is in it."""
    most: int = 0
    """How many of them at most."""
    spared: Sequence[tuple[Reference | Task, Text]] = ()
    """What it does without, and why."""


Known = Callable[["Reference | Task"], "Facts | None"]
"""Gives the facts of a task that has run; None of one that hasn't."""


class TaskFailed(Exception):
    """Raised by a task that can't go on, for a reason that the user can mend.

    `code` and the `help` key are looked up in the distribution's messages. `field` names the field of the task
    that the reason came from, so that the diagnostic points into the `.llx` file.
    """

    def __init__(
        self,
        code: str,
        values: Mapping[str, object] | None = None,
        *,
        field: str | None = None,
        help: str | None = None,
        component: Component | None = None,
    ) -> None:
        super().__init__(code, dict(values or {}))
        self.code = code
        self.values = dict(values or {})
        self.field = field
        self.help = help
        self.component = component
        """The component that the field is of, when it is not the failing task itself."""


class Task(Component):
    """A component that runs, is cached, and puts out typed artifacts.

    `settings` names the fields of `experiment` that are part of its identity (a stage: seed, precision).
    `on_device` tasks run one at a time. A `tolerant` task runs though some of its inputs failed: see `work.failure`. Two tasks with equal fields, inputs, settings and files are the same
    task, whatever they are called.
    """

    settings: ClassVar[tuple[str, ...]] = ()
    on_device: ClassVar[bool] = False
    final: ClassVar[bool] = False
    tolerant: ClassVar[bool] = False
    artifact: ClassVar[str | None] = None
    """The name of the type of the default output, where it is always the same: editors offer a task by it."""

    def outputs(self) -> dict[str, Artifact]:
        """Give the typed outputs, the default one first. Depends on fields alone."""
        raise NotImplementedError

    def possible_outputs(self) -> dict[str, Artifact]:
        """Give the outputs of a task with a mistake: it lacks the fields that are wrong, and reading one raises.

        By default `outputs`, which answers if it needs none of these; then other mistakes in the use of its name are
        found at once. Override it where more can be said: all that it may put out, whatever the fields are.
        """
        return self.outputs()

    def prepare(self) -> dict[str, Task]:
        """Give the hidden tasks that this one needs beside its references, by a label; equal ones are shared."""
        return {}

    def part(self) -> Part | None:
        """Give what it does a part of, if it is one: what it saves there, the other one goes on from."""
        return None

    def asks(self, known: Known) -> Choice | None:
        """Give what it asks for by now, if it chooses among its inputs; None is all of them.

        It is asked anew after each task that has run. What nothing asks for doesn't run.
        """
        return None

    def files(self, root: Path) -> list[Path]:
        """Give the files that it reads, sorted; their digests are part of its fingerprint."""
        return []

    def uses(self) -> Iterable[RowsUsed]:
        """Give the rows that it learns from, chooses by or measures on; the kinds have sensible answers."""
        return ()

    def facts(self, inputs: FactsOf) -> Facts:
        """Give what can be said of the result before it runs; `inputs(reference)` gives the facts of an input.

        Leave out what isn't known yet. After the run, the facts that `run` returned stand in its place.
        """
        return {}

    def number_of(self, output: str, facts: Facts) -> Any:
        """Give the number of an output of type `number` from the facts of the run (of `numbers`, a map by key).

        It stands among the facts or their `metrics` under the output's name, unless a task says otherwise; None is a
        number that this run didn't come to.
        """
        metrics = facts.get("metrics")
        return metrics[output] if isinstance(metrics, Mapping) and output in metrics else facts.get(output)

    def estimate(self, inputs: FactsOf) -> Estimate:
        """Give what it will cost.

        Raises TaskFailed for what would end the task, if it shows by now: here more is known than at `check`, and torch may
        be used where something depends on it.
        """
        return Estimate()

    def run(self, work: Work) -> Facts:
        """Do the work: read `work.input(…)`, write files into `work.directory`, return the facts.

        Raises TaskFailed for what a user can mend. It may be killed at any moment: what it wrote until then is
        swept, unless it goes through `work.partial` (see there).
        """
        raise NotImplementedError

    def default(self) -> Reference:
        """Give the reference to the default output."""
        output, artifact = next(iter(self.outputs().items()))
        return Reference(self, output, artifact)

    def output(self, name: str) -> Reference:
        """Give the reference to an output by its name."""
        return Reference(self, name, self.outputs()[name])


class FactsOf:
    """Looks up the facts of an input: those stored if it has run, else what it says beforehand."""

    def __call__(self, reference: Reference | Task) -> Facts:
        raise NotImplementedError


def walk(value: Any, deep: bool = True) -> Iterator[Component | Reference]:
    """Give the components and references within a value, itself first; lists, maps and formulas are looked through.

    A reference is not followed: what it leads to is another task's. Nor are, if it isn't `deep`, a component's fields.
    """
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, Component):
        yield value
        for name in _followed(type(value)) if deep else ():
            if type(inner := getattr(value, name)) not in _HOLDS_NOTHING:
                yield from walk(inner)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from walk(item, deep)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from walk(item, deep)
    elif isinstance(value, Formula):
        yield from value.references


_HOLDS_NOTHING = frozenset({str, int, float, bool, type(None), Quantity})


@cache
def _followed(component: type[Component]) -> tuple[str, ...]:
    """Give the fields of which what they hold belongs to the component: all but `per_trial` ones."""
    extras = {name: info.json_schema_extra for name, info in component.model_fields.items()}
    return tuple(name for name, extra in extras.items() if not isinstance(extra, dict) or extra.get("followed", True))


def references(value: Any) -> Iterator[Reference]:
    """Give every reference within a component's fields, nested components, lists and maps included."""
    return (part for part in walk(value) if isinstance(part, Reference))
