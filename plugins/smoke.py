"""A smoke run: every task of a file, each with a handful of what it reads, to prove that the parts fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar


class Smoke:
    """How little the tasks of a smoke run take, and whether this one took less than a real run would.

    A task that reads, learns or writes less because of one of these numbers calls `cut`. Its numbers, and those of all
    that builds on it, are then not those of a real run.
    """

    files: ClassVar[int] = 200
    """Files of one source."""
    rows: ClassVar[int] = 20_000
    """Rows of one source; enough that small shares and splits have some."""
    bytes: ClassVar[int] = 32_000_000
    """Bytes of text of one source."""
    learned: ClassVar[int] = 1_000_000
    """Bytes of text that something without gradients (a tokenizer) is learned from, of each source of a mixture."""
    encoded: ClassVar[int] = 64
    """Records of a split that are encoded, and rows that become of them: what is trained on, and measured on."""
    steps: ClassVar[int] = 4
    """Steps of a training."""
    batch: ClassVar[int] = 4
    """Rows of a step."""
    written: ClassVar[int] = 8
    """Tokens that a model writes."""

    def __init__(self) -> None:
        self.was_cut = False

    def cut(self) -> None:
        """Note that the result is less than that of a real run."""
        self.was_cut = True

    def spread(self, files: list[Any]) -> list[Any]:
        """Give some of many files, from all over the list."""
        if len(files) <= self.files:
            return files
        self.cut()
        return [files[number * len(files) // self.files] for number in range(self.files)]


SCANNED = 10
"""How many times the rows that are taken are looked through for labels that are not among them."""


def handful(
    records: Iterable[Any], smoke: Smoke | None, rows: int, *, most_bytes: int | None = None, per_label: int = 2
) -> Iterator[Any]:
    """Give records as they are or, in a smoke run, the first ones, and of those behind them the first of each label.

    What is no mapping passes, uncounted: it stands for a record that can't be read.
    """
    if smoke is None:
        yield from records
        return
    taken = size = seen = 0
    of_label: Counter[Any] = Counter()
    for record in records:
        if not isinstance(record, Mapping):
            yield record
            continue
        label = record.get("label")
        is_full = taken >= rows or (most_bytes is not None and size >= most_bytes)
        if is_full:
            smoke.cut()
            if label is None or seen >= SCANNED * rows:
                return
        seen += 1
        if is_full and of_label[label] >= per_label:
            continue
        taken += 1
        size += sum(len(value) for value in record.values() if isinstance(value, str))
        of_label[label] += 1
        yield record
