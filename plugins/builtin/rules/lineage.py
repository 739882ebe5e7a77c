"""What a task builds on, which rows went into it, and the way from there to the files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ....dsl.record import Record
from ...baddata import shown_name
from ...component import Task, references
from ...derived import Purpose, RowsUsed
from ...findings import Also, Findings
from ...provenance import Portion, Step

_MOST_FILES = 3


class Used(Record, eq=False):
    """Rows that a task uses, with what they are made of."""

    task: Task
    rows: RowsUsed
    portions: list[Portion]

    @property
    def split(self) -> str | None:
        """The split as which the rows are used: the one that is named, or the nearest one behind it."""
        return next((step.split for portion in self.portions for step in portion.way if step.split), None)

    @property
    def test_rows(self) -> Portion | None:
        """The first portion that was a test split, somewhere on its way."""
        return next((one for one in self.portions if any(is_test(step.split) for step in one.way)), None)

    def shared_with(self, other: Used) -> tuple[Portion, Portion] | None:
        """Give the first two portions that may have rows in common."""
        return next(((a, b) for a in self.portions for b in other.portions if a.may_share_rows(b)), None)

    def place(self, key: str) -> Also:
        """Give the place where the task names the rows."""
        return Also(self.task, self.rows.field, key)


def used(findings: Findings, task: Task, *purposes: Purpose) -> Iterator[Used]:
    """Give the rows that a task uses for some purposes."""
    for rows in task.uses():
        if rows.purpose in purposes:
            yield Used(task, rows, findings.provenance.portions(rows.data, rows.split))


def built_on(task: Task) -> Iterator[Task]:
    """Give the tasks that a task builds on, each once, the nearest first."""
    seen = {id(task)}
    waiting = [task]
    for current in waiting:
        for reference in references(current):
            if id(reference.task) not in seen:
                seen.add(id(reference.task))
                waiting.append(reference.task)
                yield reference.task


def is_test(split: str | None) -> bool:
    """Tell by its name whether a split is for the last measurement: `test`, `test_matched`."""
    return split is not None and split.partition("_")[0] == "test"


def way(findings: Findings, portion: Portion, until: Step | None = None) -> list[Also]:
    """Give the places on the way from some rows to their file (or to a step): taken over, split off, read."""
    places = []
    for step in portion.way:
        field = step.split if step.split in type(step.task).model_fields else None
        if step.split is not None and (field or step.divides):
            places.append(Also(step.task, field, "leak.split", {"as": step.split}))
        elif step.field is None:
            places.append(Also(step.task, next(iter(step.task.positional), None), "leak.read"))
        elif findings.program.label(step.task):
            places.append(Also(step.task, step.field, "leak.through"))
        if step is until:
            break
    return places


def files_of(findings: Findings, one: Portion, other: Portion) -> list[str]:
    """Give the names of files that two portions were both read from, the first few."""
    read = [origin if isinstance(origin, tuple) else (origin,) for origin in one.origins & other.origins]
    paths = {part for origin in read for part in origin if isinstance(part, Path)}
    return sorted(shown_name(path, findings.program.root.resolve()) for path in paths)[:_MOST_FILES]
