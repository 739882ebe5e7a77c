"""Where rows come from: whether two references may lead to the same rows, and on which ways.

Rows are followed from a reference to the files that they were read from. What is found there is a list of portions:
files, how the text reads, and the parts that were taken of it. Two portions have no row in common if they read other
files, or took parts of one numbering that don't overlap; else they may have. What a task's rows are made of it says
itself (`derives`), and by its names if it doesn't.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import cache
from pathlib import Path

from ..dsl.program import Reference
from ..dsl.record import Record, replace
from ..dsl.types import Either, ListOf, MapOf, PathText, Type
from .canonical import canonical, text_of
from .component import Task
from .derived import ROWS, Derived, Part, derived_as_named, numbered_part, split_of
from .schema import fields_of
from .tasks import DataTask

MOST_PORTIONS = 256
"""Data made of more than so many different portions is not followed: too much to compare, and to explain."""


_Bounds = tuple[Hashable, float, float]
"""A part: what numbers the rows, and from which number up to which."""


class Step(Record, eq=False):
    """A task on the way from a reference to a file: the split that is meant, and the field by which it reads on."""

    task: Task
    split: str | None
    field: str | None
    further: Step | None
    """The next step towards the file."""
    divides: bool = False
    """Whether the task divides rows, and so decides what is in the split."""

    def __iter__(self) -> Iterator[Step]:
        step: Step | None = self
        while step is not None:
            yield step
            step = step.further

    @property
    def last(self) -> Step:
        """The step at the file."""
        *_, last = self
        return last


class Portion(Record, eq=False):
    """Rows that were read from some files and divided in one way; `way` leads to them."""

    origins: frozenset[Hashable]
    reads: Hashable
    """What decides how the text of the rows reads."""
    parts: tuple[_Bounds, ...]
    way: Step

    @property
    def key(self) -> Hashable:
        return (self.origins, self.reads, self.parts)

    def may_share_rows(self, other: Portion) -> bool:
        """Tell whether a row of the one may be a row of the other."""
        if not self.origins & other.origins:
            return False
        return not any(
            key == other_key and not (low < other_high and other_low < high)
            for key, low, high in self.parts
            for other_key, other_low, other_high in other.parts
        )


_At = tuple[int, str | None]
"""A task, by its id, and one of its splits."""


class Provenance:
    """Follows references to rows; what it found is kept."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._portions: dict[_At, list[Portion]] = {}
        self._forms: dict[int, str] = {}
        self._choices: dict[str, int] = {}
        self._tasks: list[Task] = []
        """Kept alive, because an id is of a task only as long as it lives."""

    def portions(self, reference: Reference, split: str | None = None) -> list[Portion]:
        """Give the portions that a reference to rows, or one split of a dataset, is made of."""
        start = (reference.task, split or split_of(reference))
        waiting: list[tuple[Task, str | None]] = [start]
        open_: dict[_At, list[Derived]] = {}
        while waiting:  # chains of data may be longer than Python's stack
            task, at = waiting[-1]
            key = (id(task), at)
            if key in self._portions:
                waiting.pop()
                continue
            if key not in open_:
                open_[key] = self._derived(task, at)
                below = [(one.data.task, one.split or split_of(one.data)) for one in open_[key]]
                waiting += [one for one in below if (id(one[0]), one[1]) not in self._portions]
                continue
            waiting.pop()
            self._tasks.append(task)
            self._portions[key] = self._joined(task, at, open_[key])
        return self._portions[id(start[0]), start[1]]

    def _derived(self, task: Task, split: str | None) -> list[Derived]:
        if isinstance(task, DataTask):
            return list(task.derives(split))
        return derived_as_named(task, _splits(task), split)

    def _joined(self, task: Task, split: str | None, derived: list[Derived]) -> list[Portion]:
        """Give what a task makes of the portions below it."""
        if not derived:
            return [self._source(task, split)]
        data = task if isinstance(task, DataTask) else None
        changed = () if data is not None and data.keeps_text else (self._form(task),)
        chosen = self._chosen(task) if data is None or data.selects else ()
        found: dict[Hashable, Portion] = {}
        for one in derived:
            below = self._portions[id(one.data.task), one.split or split_of(one.data)]
            if not below:
                return []  # what isn't followed can't be told apart from the rest either
            for portion in below:
                made = Portion(
                    portion.origins,
                    (changed, hash(portion.reads)) if changed else portion.reads,
                    (*portion.parts, *chosen, *(_bounds(one.part, portion, task) if one.part else ())),
                    Step(task, split, one.field, portion.way, one.part is not None),
                )
                found.setdefault(made.key, made)
        return list(found.values()) if len(found) <= MOST_PORTIONS else []

    def _chosen(self, task: Task) -> tuple[_Bounds, ...]:
        """Give what a task keeps as a part of its own: one that is set otherwise may keep the others."""
        form = self._form(task)
        if form not in self._choices:
            self._choices[form] = len(self._choices)
        return ((type(task), self._choices[form], self._choices[form] + 1),)

    def _source(self, task: Task, split: str | None) -> Portion:
        """Give the rows of a task that reads no other's."""
        if isinstance(task, DataTask):
            origins, reads = frozenset(task.origins(self._root)), task.text_form()
        else:
            origins, reads = frozenset(_files(task, self._root)), None
        origins = origins or frozenset([self._form(task)])
        whole = Portion(origins, reads or self._form(task), (), Step(task, split, None, None, split is not None))
        splits = _splits(task)
        if split not in splits or split is None:
            return whole
        return replace(whole, parts=_bounds(numbered_part(task, splits, split), whole, task))

    def _form(self, task: Task) -> str:
        """Give what a task is but for the data and the files that it reads."""
        if id(task) not in self._forms:
            self._tasks.append(task)
            form = canonical(task, lambda reference: None if reference.artifact.name in ROWS else id(reference.task))
            form["fields"] = {
                name: value for name, value in form["fields"].items() if name not in _file_fields(type(task))
            }
            self._forms[id(task)] = text_of(form)
        return self._forms[id(task)]


def _splits(task: Task) -> tuple[str, ...]:
    whole = next(iter(task.outputs().values()), None)
    return whole.splits if whole is not None else ()


def _files(task: Task, root: Path) -> list[Path]:
    return [path.resolve() for path in task.files(root)]


def _bounds(part: Part, portion: Portion, task: Task) -> tuple[_Bounds, ...]:
    """Give a part under its numbering and under the task itself.

    What one task divided lies on one side, also where a mixture brought it the same rows in two forms.
    """
    numbering = (part.key, portion.reads if part.of_text else None)
    return ((numbering, part.low, part.high), (id(task), part.low, part.high))


@cache
def _file_fields(component: type[Task]) -> frozenset[str]:
    """Give the fields of a component that name files."""
    return frozenset(name for name, field in fields_of(component).items() if _names_files(field.type))


def _names_files(type_: Type) -> bool:
    match type_:
        case PathText():
            return True
        case ListOf(item=item) | MapOf(item=item):
            return _names_files(item)
        case Either(options=options):
            return any(map(_names_files, options))
    return False
