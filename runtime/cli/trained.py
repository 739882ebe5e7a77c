"""Opens a stored checkpoint of an experiment, for `llx generate` and `llx predict`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import output

if TYPE_CHECKING:
    import numpy as np

    from ...dsl.diagnostics.model import Diagnostic, Text
    from ...dsl.program import Reference
    from ...plugins.component import Facts, Task, TaskFailed
    from ...plugins.registry import Registry
    from ...plugins.values import Decoding
    from ...plugins.work import Asked, EvaluationJob, Input, Job, Likelihood, Outcome, ScoringJob
    from ..graph import Graph
    from ..store import Store

DEFAULT = "best"
"""The checkpoint that is meant by the name of a stage alone."""


@dataclass
class Trained:
    """A checkpoint with what it takes to use it."""

    checkpoint: Reference
    work: Reading
    registry: Registry
    name: str

    def must_give(self, what: str) -> None:
        """Raise TaskFailed unless the objective that it was trained with writes (`text`), or predicts (`prediction`)."""
        from ...plugins.component import TaskFailed

        objective = self.checkpoint.task.described_objective()
        if what == "text":
            gives = objective is not None and objective.writes is not None
        else:
            gives = objective is not None and objective.predicts is not None and objective.predicts.of_records
        if not gives:
            name = objective.name if objective else "none"
            raise TaskFailed(f"cli.gives.{what}", {"objective": name, "stage": self.name})

    def records(self, given: Sequence[str]) -> list[dict[str, str]]:
        """Make records of what was given: texts, or JSON objects if the objective reads more columns than one.

        Raises TaskFailed for what is neither.
        """
        import json

        from ...plugins.component import TaskFailed

        predicts = self.checkpoint.task.described_objective().predicts
        columns = [column for column in predicts.reads() if column not in predicts.supplied()]
        if len(columns) < 2:
            return [dict.fromkeys(columns, text) for text in given]
        example = json.dumps(dict.fromkeys(columns, "…"), ensure_ascii=False)
        records = []
        for text in given:
            try:
                read = json.loads(text)
                records.append({column: read[column] for column in columns})
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                values = {"stage": self.name, "columns": columns, "text": text[:60], "example": example}
                raise TaskFailed("cli.columns", values, help="cli.columns.help") from error
        return records


def open_trained(file: Path, params: Sequence[str], name: str, store: Path | None) -> Trained:
    """Check a file and find a stage's checkpoint in the store; `name` is `STAGE` or `STAGE.last`.

    Ends the command with what is wrong: the file, the name, or that the stage hasn't run.
    """
    from ...plugins.tasks import Trained as TrainedTask
    from ..face import plan
    from ..locks import reading
    from ..words import say

    result = plan(file, store=store, params=params)
    if result.plan is None:
        output.report(result.diagnostics)
        raise click.exceptions.Exit(result.exit_code)
    made = result.plan
    declared = made.program.everything
    fitting = [one.name for one in declared.values() if isinstance(one.value, TrainedTask)]
    stage, which = (name, "") if name in fitting or "." not in name else name.rsplit(".", 1)
    if stage not in fitting:
        key = "cli.trained.unknown" if fitting else "cli.trained.none"
        raise click.UsageError(say(key, stage=stage, file=file, stages=fitting))
    task = declared[stage].value
    outputs = [output for output, artifact in task.outputs().items() if artifact.name == "checkpoint"]
    chosen = which or (DEFAULT if DEFAULT in outputs else outputs[0])
    if chosen not in outputs:
        raise click.UsageError(say("cli.trained.output", stage=stage, checkpoint=chosen, checkpoints=outputs))
    checkpoint = task.output(chosen)
    # Until the command ends nobody frees what it reads; what the plan saw before that is looked at anew.
    click.get_current_context().with_resource(reading(made.store.folder))
    fingerprint = made.graph.find(checkpoint).fingerprint
    made.store.forget(fingerprint)
    if made.store.find(fingerprint) is None:
        command = " ".join(["llx run", str(file), *params, f"--only {stage}"])
        raise click.ClickException(say("cli.trained.not_stored", stage=stage, command=command))
    return Trained(checkpoint, Reading(made.graph, made.store), result.checked.registry, stage)


@contextmanager
def using(file: Path, params: Sequence[str], name: str, store: Path | None, gives: str) -> Iterator[Trained]:
    """Open a stage's checkpoint that gives what is asked for; what goes wrong with it ends the command with its diagnostic."""
    from ...plugins.component import TaskFailed

    trained = open_trained(file, params, name, store)
    try:
        trained.must_give(gives)
        yield trained
    except TaskFailed as error:
        raise click.exceptions.Exit(show_failure(error)) from error


def show_failure(error: TaskFailed) -> int:
    """Show why a checkpoint can't do what was asked."""
    from ...dsl.diagnostics.model import Diagnostic, Text

    helps = (Text(error.help, error.values),) if error.help else ()
    code = error.code if error.code.startswith("L") else "L0897"
    found: Diagnostic = Diagnostic(code, Text(error.code, error.values), None, helps=helps)
    output.report([found])
    return 1


@dataclass
class Reading:
    """The services of `Work` to what only reads: a command that uses a checkpoint and stores nothing."""

    graph: Graph
    store: Store
    changed: dict[str, Any] = field(default_factory=dict)
    """Settings that the command line gives in place of the file's."""

    @property
    def root(self) -> Path:
        return self.graph.program.root

    @property
    def directory(self) -> Path:
        raise NotImplementedError("nothing is stored")

    partial = directory
    smoke = None

    @property
    def fingerprint(self) -> str:
        return ""

    @property
    def settings(self) -> Mapping[str, Any]:
        fields = self.graph.program.settings
        return {name: getattr(fields, name) for name in type(fields).model_fields} | self.changed

    @property
    def progress(self) -> Silent:
        return Silent()

    def input(self, reference: Reference | Task) -> Input:
        """Open a stored artifact; its digests are checked."""
        from ...dsl.program import Reference as ReferenceType
        from ...plugins.work import Input

        task = reference.task if isinstance(reference, ReferenceType) else reference
        output = reference.output if isinstance(reference, ReferenceType) else next(iter(task.outputs()))
        artifact = self.store.open(self.graph.find(reference).fingerprint)
        return Input(artifact.directory, output, artifact.facts, task)

    def failure(self, reference: Reference | Task) -> Text | None:
        return None

    def random(self, name: str) -> np.random.Generator:
        raise NotImplementedError("nothing is drawn")

    def train(self, job: Job) -> Facts:
        raise NotImplementedError("nothing is trained")

    def range_test(self, job: Job, rates: Sequence[float]) -> list[tuple[float, float]]:
        raise NotImplementedError("nothing is trained")

    def evaluate(self, job: EvaluationJob) -> Outcome:
        raise NotImplementedError("nothing is evaluated")

    def score(self, job: ScoringJob) -> Facts:
        raise NotImplementedError("nothing is stored")

    def generate(self, checkpoint: Reference, prompts: Sequence[str], decoding: Decoding) -> list[str]:
        from ..training.generate import generate

        return generate(checkpoint, prompts, decoding, self)

    def likelihoods(self, checkpoint: Reference, asked: Sequence[Asked]) -> list[list[Likelihood]]:
        raise NotImplementedError("nothing is evaluated")

    def stopping(self) -> bool:
        return False


class Silent:
    """Progress that nobody looks at."""

    def __call__(self, done: float, total: float | None = None, **figures: float) -> None: ...

    def log(self, message: str, **values: object) -> None: ...
