"""A run as its events tell it, for the listeners and the report."""

from __future__ import annotations

import math

import pytest
from llx.dsl.diagnostics.model import Diagnostic, Text
from llx.runtime.events import (
    Event,
    Note,
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

START = 1_790_000_000.0


def line(label: str, kind: str, stored: bool = False, depth: int = 0) -> TaskLine:
    return TaskLine(f"fp-{label}", label, kind, f"{kind}-component", "a summary", stored, (), depth)


@pytest.fixture
def story() -> list[Event]:
    """Give the events of a run: two tasks stored, a stage of 40 steps, an eval with a matrix."""
    novels = line("novels", "data", stored=True)
    shards = line("novels · bpe", "tokens", stored=True, depth=1)
    stage = line("pretrain", "stage")
    scores = line("scores", "eval")
    events: list[Event] = [
        RunStarted(
            "20260921-a1",
            "reviews",
            "reviews.llx",
            "/project",
            {"lr": 3e-4},
            (novels, shards, stage, scores),
            time=START,
        ),
        TaskStarted(stage, time=START + 1),
        Note(stage.fingerprint, Text("cli.line.running"), time=START + 1),
    ]
    for step in range(1, 41):
        loss = 2 + 3 * math.exp(-step / 12)
        at = START + 1 + step * 2
        figures = {"loss": loss, "lr": 6e-4 * step / 40, "tokens_per_second": 48_100.0}
        events += [
            Step(stage.fingerprint, step, figures, time=at),
            TaskProgress(stage.fingerprint, step, 40, {}, time=at),
        ]
        if step % 10 == 0:
            figures = {"validation_loss": loss + 0.1}
            events.append(Validated(stage.fingerprint, step, figures, best=step == 30, time=at))
    facts = {
        "metrics": {"accuracy": 0.82, "macro_f1": 0.79},
        "references": {"accuracy": 0.5},
        "confusion": {"labels": ["bad", "<good>"], "counts": [[40, 10], [8, 42]]},
    }
    samples = {"loss": 2.2, "steps": 40, "samples": ["Once upon a <b>time</b>"]}
    events += [
        TaskFinished(stage, 82.0, samples, time=START + 83),
        TaskStarted(scores, time=START + 83),
        TaskFinished(scores, 3.25, facts, time=START + 86),
        RunFinished("20260921-a1", "finished", 86.0, 2, 2, time=START + 86),
    ]
    return events


@pytest.fixture
def failure(story: list[Event]) -> list[Event]:
    """Give the events of a run whose stage fails at its tenth step."""
    at = next(i for i, event in enumerate(story) if isinstance(event, Step) and event.step == 10)
    started = next(event for event in story if isinstance(event, TaskStarted))
    wrong = Diagnostic("L0899", Text("cli.line.failed"), None)
    return [
        *story[:at],
        TaskFailedEvent(started.task, wrong, time=START + 21),
        RunFinished("20260921-a1", "failed", 21.0, 0, 2, time=START + 21),
    ]
