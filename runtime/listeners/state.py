"""Where a run stands, kept up to date from its events: what the terminal and the plain lines show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..events import (
    WAITS,
    Event,
    Judged,
    PlanChanged,
    RunFinished,
    RunStarted,
    Step,
    TaskFailedEvent,
    TaskFinished,
    TaskLine,
    TaskProgress,
    TaskStarted,
    Validated,
)

Condition = Literal["stored", "waiting", "running", "finished", "failed", "stopped"]


@dataclass(slots=True)
class TaskState:
    """A task, how far it is, and the latest figures that it gave."""

    line: TaskLine
    condition: Condition
    started: float | None = None
    seconds: float | None = None
    done: float = 0.0
    total: float | None = None
    step: int | None = None
    figures: dict[str, float] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    _first: tuple[float, float] | None = None
    _latest: float = 0.0

    @property
    def share(self) -> float | None:
        """Give the part that is done, 0 to 1, if the total is known."""
        return min(1.0, self.done / self.total) if self.total else None

    def left(self, now: float) -> float | None:
        """Estimate the seconds left from the pace since the first progress (a resumed task starts in the middle)."""
        if self._first is None or not self.total:
            return None
        at, done = self._first
        if self.done <= done or self._latest <= at:
            return None
        pace = (self.done - done) / (self._latest - at)
        return max(0.0, (self.total - self.done) / pace - max(0.0, now - self._latest))

    def progress(self, event: TaskProgress) -> None:
        """Take in how far the task is."""
        if self._first is None:
            self._first = (event.time, event.done)
        self.done, self.total, self._latest = event.done, event.total, event.time
        self.figures |= event.figures


class RunState:
    """A listener that only remembers."""

    def __init__(self) -> None:
        self.run: RunStarted | None = None
        self.finished: RunFinished | None = None
        self.tasks: dict[str, TaskState] = {}
        self.expects: dict[str, Judged] = {}

    @property
    def stored(self) -> int:
        return sum(task.condition == "stored" for task in self.tasks.values())

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self.run = event
            self.tasks = {
                line.fingerprint: TaskState(line, "stored" if line.stored else "waiting") for line in event.tasks
            }
        elif isinstance(event, Judged):
            self.expects[event.name] = event
        elif isinstance(event, PlanChanged):
            self._change(event)
        elif isinstance(event, RunFinished):
            self.finished = event
            for task in self.tasks.values():
                if task.condition == "running":
                    task.condition = "stopped"
            if event.state == "finished":
                # What was chosen out among the trials of a sweep.
                self.tasks = {name: task for name, task in self.tasks.items() if task.condition != "waiting"}
        else:
            self._of_task(event)

    def number(self, fingerprint: str) -> tuple[int, int]:
        """Give the place of a task among all: (2, 9)."""
        return list(self.tasks).index(fingerprint) + 1, len(self.tasks)

    def _change(self, event: PlanChanged) -> None:
        """Put what is known now in the place of what waited; what ran already stays as it is."""
        known = {name: task for name, task in self.tasks.items() if not name.startswith(WAITS)}
        for line in event.tasks:
            known.setdefault(line.fingerprint, TaskState(line, "stored" if line.stored else "waiting"))
        self.tasks = known

    def _of_task(self, event: Event) -> None:
        if isinstance(event, TaskStarted):
            task = self.tasks.setdefault(event.task.fingerprint, TaskState(event.task, "running"))
            task.condition, task.started = "running", event.time
        elif isinstance(event, TaskFinished | TaskFailedEvent):
            task = self.tasks.setdefault(event.task.fingerprint, TaskState(event.task, "running"))
            task.condition = "finished" if isinstance(event, TaskFinished) else "failed"
            if isinstance(event, TaskFinished):
                task.seconds, task.facts = event.seconds, event.facts
            elif task.started is not None:
                task.seconds = event.time - task.started
        elif isinstance(event, TaskProgress | Step | Validated):
            known = self.tasks.get(event.fingerprint)
            if known is None:
                return
            if isinstance(event, TaskProgress):
                known.progress(event)
            else:
                known.step = event.step
                known.figures |= event.figures
