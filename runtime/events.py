"""What happens in a run, said once; the terminal, the JSON lines, TensorBoard, the ledger and the report listen."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..dsl.diagnostics.model import Diagnostic, Text


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events; `time` is in seconds since 1970."""

    time: float = field(default_factory=time.time, kw_only=True)


WAITS = "waits:"
"""What the fingerprint of a task begins with that has none yet: it waits for the best trial of a sweep."""


@dataclass(frozen=True, slots=True)
class TaskLine:
    """How a task is listed: its label, kind, a few words on it, and whether it is stored or why it runs."""

    fingerprint: str
    label: str
    kind: str
    component: str
    summary: str
    stored: bool
    reasons: tuple[Text, ...]
    depth: int = 0
    """0 for what the file declares, 1 for an anonymous or hidden task."""
    sweep: str = ""
    """The sweep that it is a trial's of."""


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    run: str
    experiment: str
    file: str
    root: str
    params: Mapping[str, Any]
    tasks: tuple[TaskLine, ...]
    versions: Mapping[str, Any] = field(default_factory=dict)
    """What the run stands on: `packages` by name (version, digest) and the digests of `.llx` `files`."""


@dataclass(frozen=True, slots=True)
class PlanChanged(Event):
    """The tasks of the run anew: a sweep has its best trial, and what waited for it is known."""

    tasks: tuple[TaskLine, ...]


@dataclass(frozen=True, slots=True)
class TaskStarted(Event):
    task: TaskLine


@dataclass(frozen=True, slots=True)
class TaskProgress(Event):
    """`done` of `total` (None: unknown), with figures to show beside it."""

    fingerprint: str
    done: float
    total: float | None
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Step(Event):
    """A training step that is logged: loss, lr, gradient_norm, tokens_per_second, … A pure function of the run,
    but for what is measured in time."""

    fingerprint: str
    step: int
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Validated(Event):
    """A validation; `figures` holds validation_loss and the metric that selects; `best` if it is the best so far."""

    fingerprint: str
    step: int
    figures: Mapping[str, float]
    best: bool


@dataclass(frozen=True, slots=True)
class Sampled(Event):
    """What a model wrote while it was trained: pairs of a prompt and the text behind it."""

    fingerprint: str
    step: int
    samples: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CheckpointSaved(Event):
    """A checkpoint to go on from lies on the disk, whole."""

    fingerprint: str
    step: int


@dataclass(frozen=True, slots=True)
class Note(Event):
    """Something that a user should read: a resumed step, a skipped checkpoint."""

    fingerprint: str | None
    text: Text


@dataclass(frozen=True, slots=True)
class TaskFinished(Event):
    task: TaskLine
    seconds: float
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TaskFailedEvent(Event):
    task: TaskLine
    diagnostic: Diagnostic


@dataclass(frozen=True, slots=True)
class Judged(Event):
    """An expectation was judged: `state` is met, failed or open; `shown` is the formula with the values of its names."""

    name: str
    formula: str
    state: str
    shown: str
    reason: Text | None


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """`state` is finished, failed (a task or an expectation) or interrupted."""

    run: str
    state: str
    seconds: float
    ran: int
    stored: int


Listener = Callable[[Event], None]


class Bus:
    """Hands each event to every listener, in order; one that fails is dropped and told of, the run goes on."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self.dropped: list[tuple[Listener, Exception]] = []

    def add(self, listener: Listener) -> None:
        self.listeners.append(listener)

    def __call__(self, event: Event) -> None:
        for listener in list(self.listeners):
            try:
                listener(event)
            except Exception as error:
                with contextlib.suppress(ValueError):
                    self.listeners.remove(listener)
                if not isinstance(error, BrokenPipeError):  # who reads has read enough
                    self.dropped.append((listener, error))
