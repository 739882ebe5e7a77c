"""Progress as plain lines, for a pipe or a log: a line when a task starts and ends, and now and then between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

from ...dsl.diagnostics.words import visible
from ..events import (
    Event,
    Note,
    RunFinished,
    RunStarted,
    Sampled,
    Step,
    TaskFailedEvent,
    TaskFinished,
    TaskProgress,
    TaskStarted,
)
from ..words import say, say_text
from .figures import count, duration, figure
from .state import RunState, TaskState

EVERY = 10.0
"""Seconds between lines about a task that is running."""

SHOWN = ("loss", "validation_loss", "lr")


class Lines:
    """Writes lines to a stream that isn't a terminal."""

    def __init__(self, stream: IO[str], state: RunState) -> None:
        self.stream = stream
        self.state = state
        self._said: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._line(headline(event))
        elif isinstance(event, TaskStarted):
            self._said[event.task.fingerprint] = event.time
            self._of(event.task.fingerprint, say("cli.line.started"))
        elif isinstance(event, TaskFinished):
            self._of(event.task.fingerprint, say("cli.line.finished", seconds=duration(event.seconds)))
        elif isinstance(event, TaskFailedEvent):
            self._of(event.task.fingerprint, say("cli.line.failed"))
        elif isinstance(event, Note):
            text = say_text(event.text)
            self._of(event.fingerprint, text) if event.fingerprint in self.state.tasks else self._line(text)
        elif isinstance(event, Sampled):
            for line in sampled(event):
                self._of(event.fingerprint, line)
        elif isinstance(event, TaskProgress | Step):
            if event.time - self._said.get(event.fingerprint, 0) >= EVERY and event.fingerprint in self.state.tasks:
                self._said[event.fingerprint] = event.time
                self._of(event.fingerprint, describe(self.state.tasks[event.fingerprint], event.time))
        elif isinstance(event, RunFinished) and event.run:
            self._line(ending(event, self.state))

    def _of(self, fingerprint: str | None, text: str) -> None:
        if fingerprint is None:
            self._line(text)
            return
        line = self.state.tasks[fingerprint].line
        number, total = self.state.number(fingerprint)
        self._line(f"[{number}/{total}] {line.kind} {line.label}: {text}")

    def _line(self, text: str) -> None:
        self.stream.write(text + "\n")
        self.stream.flush()


def sampled(event: Sampled) -> list[str]:
    """Give what a model wrote on its way, a line a text."""
    step = say("cli.step", step=f"{event.step:,}")
    return [f"{step}: {visible(' '.join((prompt + text).split()))}" for prompt, text in event.samples]


def headline(event: RunStarted) -> str:
    """Say what the run is about to do."""
    stored = sum(task.stored for task in event.tasks)
    tasks = tasks_of(len(event.tasks))
    if stored == len(event.tasks):
        return say("cli.headline.stored", experiment=event.experiment, tasks=tasks)
    to_run = len(event.tasks) - stored
    return say("cli.headline", experiment=event.experiment, tasks=tasks, stored=stored, to_run=to_run, run=event.run)


def ending(event: RunFinished, state: RunState) -> str:
    """Say how the run went."""
    unmet = any(one.state == "failed" for one in state.expects.values())
    # A trial that failed fails no run: if it did, so has its sweep.
    all_ran = not any(task.condition == "failed" and not task.line.sweep for task in state.tasks.values())
    how = "unmet" if event.state == "failed" and unmet and all_ran else event.state
    return say(f"cli.run.{how}", seconds=duration(event.seconds), ran=tasks_of(event.ran), stored=event.stored)


def tasks_of(count: int) -> str:
    """Say how many tasks."""
    return say("cli.tasks.one" if count == 1 else "cli.tasks", count=count)


def describe(task: TaskState, now: float) -> str:
    """Say how far a running task is, in words: `51 %  step 1,250  loss 3.214  48.1k tokens/s  34 s left`."""
    parts = [] if task.share is None else [f"{task.share:.0%}"]
    parts += figures_of(task)
    left = task.left(now)
    if left is not None:
        parts.append(say("cli.left", seconds=duration(left)))
    return "  ".join(parts) or say("cli.line.running")


def figures_of(task: TaskState, names: Sequence[str] = SHOWN) -> list[str]:
    """Give the figures of a task that are worth a line, in an order that stays."""
    parts = [] if task.step is None else [say("cli.step", step=f"{task.step:,}")]
    parts += [
        f"{say(f'cli.figure.{name}')} {figure(name, task.figures[name])}" for name in names if name in task.figures
    ]
    if "tokens_per_second" in task.figures:
        parts.append(say("cli.tokens_per_second", count=count(task.figures["tokens_per_second"])))
    return parts
