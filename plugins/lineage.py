"""What tasks build on, and which rows went into it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from ..dsl.record import Record
from .component import Task, references
from .derived import Purpose, RowsUsed
from .provenance import Portion, Provenance


class Used(Record, eq=False):
    """Rows that a task uses, with what they are made of."""

    task: Task
    rows: RowsUsed
    portions: list[Portion]

    @cached_property
    def split(self) -> str | None:
        """The split as which the rows are used: the one that is named, or the nearest one behind it."""
        return next((step.split for portion in self.portions for step in portion.way if step.split), None)

    @cached_property
    def test_rows(self) -> Portion | None:
        """The first portion that was a test split, somewhere on its way."""
        return next((one for one in self.portions if any(is_test(step.split) for step in one.way)), None)

    def shared_with(self, other: Used) -> tuple[Portion, Portion] | None:
        """Give the first two portions that may have rows in common."""
        for one in self.portions:
            for another in other.portions:
                if one.may_share_rows(another):
                    return one, another
        return None


class Lineage:
    """Answers for the tasks of a program; each answer is worked out once."""

    def __init__(self, provenance: Provenance) -> None:
        self._provenance = provenance
        self._uses: dict[int, list[Used]] = {}
        self._before: dict[int, list[Used]] = {}
        self._needs: dict[int, list[Task]] = {}

    def uses(self, task: Task, *purposes: Purpose) -> list[Used]:
        """Give the rows that a task uses for some purposes (none named: for any)."""
        if id(task) not in self._uses:
            portions = self._provenance.portions
            self._uses[id(task)] = [Used(task, rows, portions(rows.data, rows.split)) for rows in task.uses()]
        found = self._uses[id(task)]
        return [use for use in found if use.rows.purpose in purposes] if purposes and found else found

    def before(self, task: Task) -> list[Used]:
        """Give the rows that went into what a task builds on, the nearest first."""
        if id(task) not in self._before:
            used = (use for other in self.built_on(task) for use in self.uses(other))
            self._before[id(task)] = [use for use in used if use.rows.purpose != "measure"]
        return self._before[id(task)]

    def built_on(self, task: Task) -> Iterator[Task]:
        """Give the tasks that a task builds on, each once, the nearest first."""
        seen = {id(task)}
        waiting = [task]
        for current in waiting:
            for other in self._direct(current):
                if id(other) not in seen:
                    seen.add(id(other))
                    waiting.append(other)
                    yield other

    def _direct(self, task: Task) -> list[Task]:
        if id(task) not in self._needs:
            self._needs[id(task)] = [reference.task for reference in references(task)]
        return self._needs[id(task)]


def is_test(split: str | None) -> bool:
    """Tell by its name whether a split is for the last measurement: `test`, `test_matched`."""
    return split is not None and split.partition("_")[0] == "test"
