"""Running a task by itself: what the runtime hands to it, and no more."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from llx.dsl.diagnostics.words import catalogue, render
from llx.dsl.program import Reference
from llx.plugins.api import (
    Decoding,
    EvaluationJob,
    Facts,
    FactsOf,
    Input,
    Job,
    Outcome,
    Place,
    Smoke,
    Task,
    TaskFailed,
    Text,
)
from llx.plugins.registry import Registry

Registry()
"""Brings the messages of the built-in components into the catalogue."""


class Log:
    """Keep what a task says of its progress."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Mapping[str, object]]] = []

    def __call__(self, done: float, total: float | None = None, **figures: float) -> None:
        assert total is None or done <= total

    def log(self, message: str, **values: object) -> None:
        self.lines.append((message, values))
        assert_worded(message, None, values)


class Lab(FactsOf):
    """Run tasks below a folder, each once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.done: dict[int, tuple[Task, Path, Facts]] = {}
        self.log = Log()
        self.smoke: Smoke | None = None

    def __call__(self, reference: Reference | Task) -> Facts:
        task = reference.task if isinstance(reference, Reference) else reference
        return task.facts(self)

    def run(self, task: Task) -> Facts:
        """Run a task and what it refers to; give its facts."""
        if id(task) not in self.done:
            directory = self.root / ".store" / str(len(self.done))
            directory.mkdir(parents=True)
            # The task is kept, so that its id is not given to another.
            self.done[id(task)] = (task, directory, {})
            self.done[id(task)] = (task, directory, task.run(Bench(self, directory)))
        return self.done[id(task)][2]

    def folder(self, task: Task) -> Path:
        self.run(task)
        return self.done[id(task)][1]

    def rows(self, task: Task, split: str = "rows") -> list[dict[str, Any]]:
        """Run data and give the rows of a split."""
        return pyarrow.parquet.read_table(self.folder(task) / f"{split}.parquet").to_pylist()

    def texts(self, task: Task, split: str = "rows") -> list[str]:
        return [row["text"] for row in self.rows(task, split)]

    def failure(self, task: Task) -> TaskFailed:
        """Run a task that must fail, and see that the reason can be put into words."""
        with pytest.raises(TaskFailed) as caught:
            self.run(task)
        failed = caught.value
        assert_worded(failed.code, failed.help, failed.values)
        assert failed.component is task
        assert failed.field is None or failed.field in {name.rstrip("_") for name in type(task).model_fields}
        return failed

    def problems(self, task: Task) -> list[tuple[str | None, str]]:
        """Check a task; give the field and code of each problem, all of which can be put into words."""
        place = Place(self.root)
        task.check(place)
        for problem in place.problems:
            assert_worded(problem.message.key, problem.help.key if problem.help else None, problem.message.values)
        return [(problem.field, problem.code) for problem in place.problems]


class Bench:
    """The services for one task."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.lab = lab
        self.root = lab.root
        self.directory = directory
        self.partial = directory / "partial"
        self.settings: Mapping[str, Any] = {}
        self.progress = lab.log
        self.smoke = lab.smoke

    def input(self, reference: Reference | Task) -> Input:
        if isinstance(reference, Task):
            reference = reference.default()
        facts = self.lab.run(reference.task)
        return Input(self.lab.folder(reference.task), reference.output, facts, reference.task)

    def random(self, name: str) -> np.random.Generator:
        return np.random.default_rng(len(name))

    def train(self, job: Job) -> Facts:
        raise NotImplementedError

    def evaluate(self, job: EvaluationJob) -> Outcome:
        raise NotImplementedError

    def generate(self, checkpoint: Reference, prompts: Sequence[str], decoding: Decoding) -> list[str]:
        raise NotImplementedError

    def stopping(self) -> bool:
        return False


def assert_worded(code: str, help: str | None, values: Mapping[str, object]) -> None:
    """See that a message and its help exist in both languages, with all their values."""
    for language in ("en", "ja"):
        for key in (code, help):
            if key is not None:
                wanted = set(re.findall(r"{(\w+)", catalogue(language)[key]))
                assert wanted <= values.keys(), f"{key} lacks {wanted - values.keys()}"
                assert "Text(" not in render(Text(key, values), language)
