"""Texts that a network writes for stored records, beside those that it should have written: what metrics of texts need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ...plugins.values import Decoding, Metric
from .generate import Author, Written
from .loader import Reader

NEEDED = "target"
"""What metrics of texts need (`Metric.needs`)."""


def are_needed(metrics: Sequence[Metric]) -> bool:
    """Tell whether a metric is computed of texts that are written."""
    return any(metric.needs == NEEDED for metric in metrics)


def answers(
    author: Author,
    records: Iterator[tuple[int, Mapping[str, Any]]],
    decoding: Decoding,
    between: Callable[[int], None] = lambda done: None,
) -> list[Mapping[str, Any]]:
    """Write a text for each record: `record`, `source`, `target`, `prediction`, and how it ended.

    Prompts of like length are written from together, so that little is padding. `between` hears how many are written.
    """
    asked = []
    for number, record in records:
        pair = author.writing.asked(record)
        assert pair is not None, "the objective gives targets"
        asked.append((number, *pair))
    asked.sort(key=lambda one: (len(one[1]), one[0]))
    done = 0

    def hear(index: int, piece: str, written: Written | None) -> None:
        nonlocal done
        if written is not None:
            done += 1
            between(done)

    texts = author.write([source for _, source, _ in asked], decoding, hear)
    found: list[Mapping[str, Any]] = [
        {"record": number, "source": source, "target": target, "prediction": text.text.strip(), "ended": text.ended}
        for (number, source, target), text in zip(asked, texts, strict=True)
    ]
    return sorted(found, key=lambda one: int(one["record"]))


def records_of(reader: Reader) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Give the records that encoded rows were made of, with their numbers; all of the split if rows don't say."""
    numbers = reader.shards.scalar_values(np.arange(len(reader.shards))).get("record")
    for number in range(len(reader.records)) if numbers is None else sorted(set(numbers)):
        yield number, {**reader.records[number], "_record": number}
