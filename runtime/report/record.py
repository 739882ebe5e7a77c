"""A run as it was recorded: read from the events in its folder, for the report and `llx show`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...plugins.distributions import LLX
from ..events import WAITS
from ..listeners.facts import about
from ..run_folder import EVENTS, EXPERIMENT, goes_on
from ..words import is_known, recorded_text, say_reasons, text_from

FactsOf = Callable[[str], Mapping[str, Any]]
"""Looks up the stored facts of a fingerprint; empty if they are gone."""


@dataclass(slots=True)
class TaskRecord:
    """A task of a recorded run, with the figures that it gave by step."""

    fingerprint: str
    label: str
    kind: str
    component: str
    summary: str
    depth: int
    state: str
    """stored, waiting, running, ran or failed."""
    reasons: list[str] = field(default_factory=list)
    seconds: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    steps: list[tuple[int, Mapping[str, float]]] = field(default_factory=list)
    validations: list[tuple[int, Mapping[str, float]]] = field(default_factory=list)
    best_step: int | None = None
    sampled: list[tuple[int, list[tuple[str, str]]]] = field(default_factory=list)
    """What the model wrote on its way: step, and pairs of prompt and text."""
    notes: list[str] = field(default_factory=list)
    failure: str | None = None

    @property
    def figures(self) -> list[str]:
        """Give the names of the figures of its steps, in the order in which they came."""
        return list(dict.fromkeys(name for _, given in self.steps for name in given))


@dataclass(slots=True)
class ExpectRecord:
    """An expectation of a recorded run; `state` is met, failed or open, `shown` the formula with its values."""

    name: str
    formula: str
    state: str
    shown: str
    reason: str | None = None


@dataclass(slots=True)
class RunRecord:
    """A recorded run."""

    run: str = ""
    experiment: str = ""
    file: str = ""
    root: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    started: float | None = None
    state: str = "running"
    """running, finished, failed, interrupted or killed."""
    seconds: float | None = None
    tasks: dict[str, TaskRecord] = field(default_factory=dict)
    expects: list[ExpectRecord] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    text: str | None = None
    """The experiment's text as it was run."""


def read_record(folder: Path, facts: FactsOf | None = None) -> RunRecord:
    """Read the record of a run from its folder; a cut last line (a killed run) is passed over."""
    record = RunRecord(run=folder.name)
    with (folder / EVENTS).open(encoding="utf-8", newline="\n") as file:
        for line in file:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                _take(record, event)
    if record.state == "running" and not goes_on(folder):
        record.state = "killed"
    _facts_of_stored(record, facts)
    text = folder / EXPERIMENT
    if text.is_file():
        record.text = text.read_text(encoding="utf-8", errors="replace")
    return record


def _take(record: RunRecord, event: Mapping[str, Any]) -> None:
    kind = event.get("event")
    if kind is None and "format" in event:
        record.versions = {name: str(event[name]) for name in ("llx", "python", "platform") if name in event}
    elif kind == "run_started":
        record.run, record.experiment = event["run"], event["experiment"]
        record.file, record.root, record.params = event["file"], event["root"], event["params"]
        record.started = event["time"]
        packages = event.get("versions", {}).get("packages", {})
        # Those of llx and the libraries are said elsewhere; what a file uses is known by its content, too.
        used = {name: one["version"] for name, one in packages.items() if "digest" in one and name != LLX}
        record.versions |= used
        record.tasks = {line["fingerprint"]: _task(line) for line in event["tasks"]}
    elif kind == "plan_changed":
        record.tasks = {name: task for name, task in record.tasks.items() if not name.startswith(WAITS)}
        for line in event["tasks"]:
            record.tasks.setdefault(line["fingerprint"], _task(line))
    elif kind == "judged":
        reason = None if event["reason"] is None else recorded_text(event["reason"])
        record.expects.append(ExpectRecord(event["name"], event["formula"], event["state"], event["shown"], reason))
    elif kind == "run_finished":
        record.state, record.seconds = event["state"], event["seconds"]
        if record.state == "finished":
            # What was chosen out among the trials of a sweep; they stand in its table.
            record.tasks = {name: task for name, task in record.tasks.items() if task.state != "waiting"}
        if "torch" in event:
            record.versions["torch"] = event["torch"]
    elif kind is not None:
        _take_of_task(record, kind, event)


def _take_of_task(record: RunRecord, kind: str, event: Mapping[str, Any]) -> None:
    line = event.get("task")
    fingerprint = str(line["fingerprint"] if line else event.get("fingerprint"))
    if line and fingerprint not in record.tasks:
        record.tasks[fingerprint] = _task(line)
    task = record.tasks.get(fingerprint)
    if kind == "note":
        (task.notes if task else record.notes).append(recorded_text(event["text"]))
    if task is None:
        return
    if kind == "task_started":
        task.state = "running"
    elif kind == "step":
        task.steps.append((event["step"], _numbers(event["figures"])))
    elif kind == "validated":
        task.validations.append((event["step"], _numbers(event["figures"])))
        if event["best"]:
            task.best_step = event["step"]
    elif kind == "sampled":
        task.sampled.append((event["step"], [(str(prompt), str(text)) for prompt, text in event["samples"]]))
    elif kind == "task_finished":
        task.state, task.seconds, task.facts = "ran", event["seconds"], event["facts"]
        task.summary = task.summary or about(task.facts)
    elif kind == "task_failed":
        task.state = "failed"
        diagnostic = event["diagnostic"]
        task.failure = f"{diagnostic['code']}: {recorded_text(diagnostic['message'])}"


def _task(line: Mapping[str, Any]) -> TaskRecord:
    return TaskRecord(
        line["fingerprint"],
        line["label"],
        line["kind"],
        line["component"],
        line["summary"],
        line["depth"],
        "stored" if line["stored"] else "waiting",
        _reasons(line["reasons"]),
    )


def _reasons(reasons: Sequence[Any]) -> list[str]:
    if all(isinstance(reason, Mapping) and is_known(reason) for reason in reasons):
        return say_reasons(map(text_from, reasons))
    return [recorded_text(reason) for reason in reasons]


def _numbers(figures: Mapping[str, Any]) -> dict[str, float]:
    """Read figures back; "NaN" and "Infinity" are what float() reads."""
    return {name: float(number) for name, number in figures.items()}


def _facts_of_stored(record: RunRecord, facts: FactsOf | None) -> None:
    """Fill in what was stored before the run: the facts, and the curve that a stage keeps among them."""
    for task in record.tasks.values():
        if task.state == "stored" and facts is not None:
            task.facts = facts(task.fingerprint)
        if not task.steps and task.facts.get("curve"):
            _curve(task, task.facts["curve"])


def _curve(task: TaskRecord, curve: Any) -> None:
    """Take the small curve of a stage's facts: rows of step, training loss and validation loss (either may be none)."""
    for row in curve:
        if isinstance(row, list | tuple) and len(row) >= 2:
            step = int(row[0])
            if row[1] is not None:
                task.steps.append((step, {"loss": float(row[1])}))
            if len(row) > 2 and row[2] is not None:
                task.validations.append((step, {"validation_loss": float(row[2])}))
    task.best_step = task.facts.get("best_step")
