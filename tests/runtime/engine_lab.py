"""Tiny tasks in plain Python, and programs made of them without the language."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar

from llx.dsl.program import Declared, Given, Knob, Origin, Program, Reference, Scope
from llx.dsl.source import Source, Span
from llx.dsl.syntax import Expression
from llx.dsl.types import Artifact
from llx.plugins.component import Component, Estimate, Facts, FactsOf, Task, TaskFailed
from llx.plugins.experiment import Experiment
from llx.plugins.tasks import Export
from llx.plugins.work import Interrupted, Work
from llx.runtime.digests import FileDigests
from llx.runtime.events import Bus, Event
from llx.runtime.executor import Executor, Outcome
from llx.runtime.plan import Plan, make_plan
from llx.runtime.store import Store
from pydantic import Field

Rows = Annotated[Reference, Artifact("rows")]


def log(work: Work, word: str) -> None:
    """Note that a task ran, in a file that every process can append to."""
    with (work.root / "ran.log").open("a", encoding="utf-8") as file:
        file.write(f"{word}\n")


class Words(Task):
    """Reads a file."""

    kind: ClassVar[str] = "data"
    name: ClassVar[str] = "words"
    positional: ClassVar[tuple[str, ...]] = ("file",)

    file: str = Field(description="the file")
    limit: int | None = Field(None, description="the most words")

    def outputs(self) -> dict[str, Artifact]:
        return {"rows": Artifact("rows")}

    def files(self, root: Path) -> list[Path]:
        return [root / self.file]

    def run(self, work: Work) -> Facts:
        log(work, f"words {self.file}")
        words = (work.root / self.file).read_text(encoding="utf-8").split()[: self.limit]
        (work.directory / "words.txt").write_text("\n".join(words), encoding="utf-8")
        return {"words": len(words)}


class Scale(Component):
    """A value within a task."""

    kind: ClassVar[str] = "scale"
    name: ClassVar[str] = "scale"

    factor: float = Field(1.0, description="the factor")


class Square(Scale):
    """Another value, with a field of its own."""

    name: ClassVar[str] = "square"

    offset: int = Field(0, description="added")


class Tokens(Task):
    """A hidden task."""

    kind: ClassVar[str] = "tokens"
    name: ClassVar[str] = "tokens"

    source: Rows

    def outputs(self) -> dict[str, Artifact]:
        return {"tokens": Artifact("tokens")}

    def run(self, work: Work) -> Facts:
        log(work, "tokens")
        words = (work.input(self.source).directory / "words.txt").read_text(encoding="utf-8").split()
        (work.directory / "tokens.txt").write_text("\n".join(str(len(word)) for word in words), encoding="utf-8")
        return {"tokens": len(words)}


class Count(Task):
    """Needs a hidden task, and is seeded."""

    kind: ClassVar[str] = "stage"
    name: ClassVar[str] = "count"
    settings: ClassVar[tuple[str, ...]] = ("seed",)
    on_device: ClassVar[bool] = True
    final: ClassVar[bool] = True

    source: Rows = Field(description="what is counted")
    scale: Scale = Field(Scale(), description="how")
    like: Rows | None = Field(None, description="another")

    def outputs(self) -> dict[str, Artifact]:
        return {"sum": Artifact("rows")}

    def prepare(self) -> dict[str, Task]:
        return {"tokens": Tokens(source=self.source)}

    def run(self, work: Work) -> Facts:
        log(work, "count")
        tokens = work.input(self.prepare()["tokens"])
        numbers = [int(line) for line in (tokens.directory / "tokens.txt").read_text(encoding="utf-8").split()]
        total = sum(numbers) * self.scale.factor + work.settings["seed"]
        (work.directory / "words.txt").write_text(str(total), encoding="utf-8")
        return {"metrics": {"total": total}, "tokens": tokens.facts["tokens"]}


class Steps(Task):
    """Works in steps that survive a kill; what it makes must not depend on how often it was killed."""

    kind: ClassVar[str] = "stage"
    name: ClassVar[str] = "steps"
    final: ClassVar[bool] = True
    on_device: ClassVar[bool] = True

    steps: int = Field(20, description="how many")
    pause: float = Field(0.0, description="seconds a step")
    after: Rows | None = Field(None, description="what comes before")

    def outputs(self) -> dict[str, Artifact]:
        return {"rows": Artifact("rows")}

    def run(self, work: Work) -> Facts:
        log(work, "steps")
        done = work.partial / "done"
        value = 1
        first = 0
        if done.exists():
            first, value = (int(part) for part in done.read_text(encoding="utf-8").split())
        for step in range(first, self.steps):
            if work.stopping():
                raise Interrupted
            value = (value * 31 + step) % 1_000_003
            temporary = work.partial / f"new-{os.getpid()}"
            temporary.write_text(f"{step + 1} {value}", encoding="utf-8")
            temporary.replace(done)
            time.sleep(self.pause)
        for number in range(5):
            (work.directory / f"{number}.txt").write_text(f"{value + number}\n" * 1000, encoding="utf-8")
        return {"value": value, "from": first}


class Fails(Task):
    """Fails, in the way it is told."""

    kind: ClassVar[str] = "eval"
    name: ClassVar[str] = "fails"
    final: ClassVar[bool] = True

    how: str = Field(description="how")
    source: Rows | None = Field(None, description="what comes before")

    def outputs(self) -> dict[str, Artifact]:
        return {"rows": Artifact("rows")}

    def run(self, work: Work) -> Facts:
        (work.directory / "half.txt").write_text("half", encoding="utf-8")
        match self.how:
            case "mend":
                raise TaskFailed("L0601.bad", {"row": 7}, field="how", help="L0601.help")
            case "memory":
                raise MemoryError
            case "full":
                raise OSError(28, "No space left on device", str(work.directory / "half.txt"))
            case "exit":
                raise SystemExit(0)
            case "facts":
                return {"bad": {1, 2}}
            case "link":
                (work.directory / "link").symlink_to("/etc/passwd")
        raise RuntimeError("a mistake\nof the author")


class Big(Task):
    """Needs more memory than there is."""

    kind: ClassVar[str] = "stage"
    name: ClassVar[str] = "big"
    final: ClassVar[bool] = True

    parameters: int = Field(description="how many")

    def outputs(self) -> dict[str, Artifact]:
        return {"rows": Artifact("rows")}

    def estimate(self, inputs: FactsOf) -> Estimate:
        return Estimate(parameters=self.parameters)

    def run(self, work: Work) -> Facts:
        raise AssertionError("it must not come to this")


class Ship(Export):
    """Copies what it is given."""

    name: ClassVar[str] = "ship"

    source: Rows = Field(description="what is copied")
    to: str = Field(description="where to", json_schema_extra={"identity": False})

    def run(self, work: Work) -> Facts:
        log(work, "ship")
        text = (work.input(self.source).directory / "words.txt").read_text(encoding="utf-8")
        (work.directory / "words.txt").write_text(text, encoding="utf-8")
        (work.directory / "about").mkdir()
        (work.directory / "about" / "size.txt").write_text(str(len(text)), encoding="utf-8")
        return {}


@dataclass
class Lab:
    """A project's folder, with all that is needed to plan and run programs in it."""

    root: Path
    folder: Path | None = None
    events: list[Event] = field(default_factory=list)

    def program(
        self,
        values: Mapping[str, Component],
        *,
        seed: int = 0,
        params: Mapping[str, Any] | None = None,
        above: str = "",
        file: str = "a.llx",
    ) -> Program:
        """Make a program whose text has one field a line, so that places can be told apart."""
        text = above
        places: list[tuple[Component, int, int, dict[str, tuple[int, int]]]] = []
        knobs: dict[str, tuple[Any, int, int]] = {}
        for name, value in (params or {}).items():
            start = len(text)
            text += f"param {name} = {value}\n"
            knobs[name] = (value, start, len(text) - 1)

        def write(value: Component) -> None:
            nonlocal text
            start, fields = len(text), {}
            text += f"{value.name} {{\n"
            for key in sorted(value.model_fields_set):
                item = getattr(value, key)
                text += f"  {key} = "
                begin = len(text)
                if isinstance(item, Component):
                    write(item)
                else:
                    by_param = [name for name, knob in knobs.items() if knob[0] == item]
                    text += by_param[0] if by_param else str(item)
                fields[key] = (begin, len(text))
                text += "\n"
            text += "}"
            places.append((value, start, len(text), fields))

        lines = {}
        for name, value in values.items():
            begin = len(text)
            text += f"{value.kind} {name} = "
            write(value)
            lines[name] = (begin, len(text))
            text += "\n"
        source = Source(file, text, self.root / file)
        span = {name: Span(source, *line) for name, line in lines.items()}
        params = {}
        for name, (value, *place) in knobs.items():
            params[name] = Knob(name, value, True, Span(source, *place), "", Given(Expression(Span(source, *place))))
        return Program(
            name="lab",
            doc="",
            source=source,
            root=self.root,
            settings=Experiment(seed=seed),
            declarations={n: Declared(n, v.kind, v, span[n], span[n]) for n, v in values.items()},
            params=params,
            uses=(),
            origins={
                id(value): Origin(
                    Span(source, a, b), {k: Given(Expression(Span(source, *place))) for k, place in fields.items()}
                )
                for value, a, b, fields in places
            },
            scopes={"": Scope("", source, params, {}, ())},
            final=tuple(name for name, value in values.items() if isinstance(value, Task) and value.final),
        )

    @property
    def store(self) -> Store:
        return Store(self.folder or self.root / ".llx")

    def plan(self, program: Program, names: list[str] | None = None) -> Plan:
        store = self.store
        return make_plan(program, store, FileDigests(program.root, store.folder / "digests.json"), names)

    def run(self, program: Program, names: list[str] | None = None, stop: threading.Event | None = None) -> Outcome:
        store = self.store
        store.create()
        digests = FileDigests(program.root, store.folder / "digests.json")
        plan = make_plan(program, store, digests, names)
        bus = Bus()
        bus.add(self.events.append)
        outcome = Executor(plan, digests, bus, stop or threading.Event()).run()
        digests.save()
        return outcome

    def ran(self) -> list[str]:
        """Give what ran since this was asked last."""
        path = self.root / "ran.log"
        lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def states(self, plan: Plan) -> dict[str, str]:
        return {task.node.label: task.state.value for task in plan.tasks}


class Meet(Task):
    """Ends only when another one runs at the same time."""

    kind: ClassVar[str] = "eval"
    name: ClassVar[str] = "meet"
    final: ClassVar[bool] = True
    barrier: ClassVar[threading.Barrier | None] = None

    number: int = Field(description="tells them apart")

    def outputs(self) -> dict[str, Artifact]:
        return {"rows": Artifact("rows")}

    def run(self, work: Work) -> Facts:
        assert self.barrier is not None
        self.barrier.wait(timeout=20)
        return {}


class Meddler(Words):
    """Changes the file that it reads."""

    name: ClassVar[str] = "meddler"
    final: ClassVar[bool] = True

    def run(self, work: Work) -> Facts:
        with (work.root / self.file).open("a", encoding="utf-8") as file:
            file.write(" more")
        return super().run(work)


class Deletes(Task):
    """Deletes the store that it is made in."""

    kind: ClassVar[str] = "eval"
    name: ClassVar[str] = "deletes"
    final: ClassVar[bool] = True

    def outputs(self) -> dict[str, Artifact]:
        return {"rows": Artifact("rows")}

    def run(self, work: Work) -> Facts:
        shutil.rmtree(work.directory.parent.parent.parent)
        return {}


class Unprepared(Deletes):
    """Fails before it could run."""

    name: ClassVar[str] = "unprepared"

    def prepare(self) -> dict[str, Task]:
        raise ZeroDivisionError("oh")
