"""What a task says of the rows that it reads: what its own rows are made of, and what others' rows are used for."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Literal

from ..dsl.program import Reference
from ..dsl.record import Record
from ..dsl.types import Artifact

if TYPE_CHECKING:
    from .component import Component

Purpose = Literal["train", "select", "measure", "vocabulary"]
"""What rows are for: to learn from, to choose by, to measure on, to learn a tokenizer from."""

ROWS = ("dataset", "rows")
"""The artifacts that hold rows of data."""


class Part(Record):
    """A part of some rows: those whose number, of a numbering that `key` names, lies in [low, high).

    Two parts of one numbering that don't overlap have no row in common. Numberings of different keys know nothing of
    each other.
    """

    key: Hashable
    low: float
    high: float
    of_text: bool = True
    """Whether the number of a row follows from its text, so that a text that is changed first has another number."""
    by: str | None = None
    """The column whose equal values have one number, so that such rows are never parted."""


class Derived(Record):
    """Rows that other rows are made of: those of a split of `data` (None: all of them), or a part of these."""

    data: Reference
    split: str | None = None
    part: Part | None = None
    field: str | None = None
    """The field, as the language has it, by which they come in."""


class RowsUsed(Record):
    """Rows that a task uses: those of a split of `data` (None: all that it refers to), and what for."""

    data: Reference
    purpose: Purpose
    split: str | None = None
    field: str | None = None


def data_of(component: Component) -> Iterator[tuple[str, Reference]]:
    """Give each reference to rows within a component, with the field that it stands in or below."""
    from .component import walk
    from .schema import word_of

    for field in type(component).model_fields:
        for found in walk(getattr(component, field)):
            if isinstance(found, Reference) and found.artifact.name in ROWS:
                yield word_of(field), found


def splits_of(reference: Reference) -> tuple[str, ...]:
    """Give the splits that a reference leads to: none if it is rows, or a dataset without splits."""
    return reference.artifact.splits if reference.artifact.name == "dataset" else ()


def split_of(reference: Reference) -> str | None:
    """Give the split that a reference names, or None if it is all rows of its task."""
    whole: Artifact | None = next(iter(reference.task.outputs().values()), None)
    return reference.output if whole is not None and reference.output in whole.splits else None


def kept_together(reference: Reference) -> str | None:
    """Give the column whose equal values were never parted when rows were divided, if the rows still have it."""
    waiting, seen = [(reference.task, split_of(reference))], set()
    while waiting:
        task, split = waiting.pop()
        derives = getattr(task, "derives", None)
        if derives is None or (id(task), split) in seen:
            continue
        seen.add((id(task), split))
        for derived in derives(split):
            if derived.part is not None and derived.part.by in (reference.artifact.columns or ()):
                return derived.part.by
            waiting.append((derived.data.task, derived.split or split_of(derived.data)))
    return None


def derived_as_named(component: Component, own: tuple[str, ...], split: str | None) -> list[Derived]:
    """Give what the rows of a split are made of, by names alone; `own` are the splits that come out.

    Of data with splits it is the split of the same name, and a field that is called like the split is all there is of
    it. Rows that go in without splits and come out in several were divided, so that each split is a part of its own.
    """
    given = list(data_of(component))
    if namesakes := [(field, reference) for field, reference in given if field == split]:
        return [Derived(reference, None, None, field) for field, reference in namesakes]
    joined = any(field in own for field, _ in given)
    found = []
    for field, reference in given:
        there = splits_of(reference)
        divided = split in own and not there and not joined
        part = numbered_part(component, own, split) if divided and split is not None else None
        found.append(Derived(reference, split if split in there else None, part, field))
    return found


def numbered_part(component: Component, own: tuple[str, ...], split: str) -> Part:
    """Give a split as one of the parts that a component divides rows into, whatever it divides them by."""
    number = own.index(split)
    return Part((component.kind, component.name), number / len(own), (number + 1) / len(own))
