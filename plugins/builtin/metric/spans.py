"""Metrics of spans, computed by seqeval.

N records, K sorts of spans.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from ...component import Place
from ...extras import check_library
from ...values import Metric
from ...work import Outcome
from ..tags import parted, spans
from .counted import Average, average_of

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


class SpanMetric(Metric):
    """A metric of the spans of records, by the counts of those that are right, are predicted, and are meant."""

    needs: ClassVar[str] = "tags"
    bounds: ClassVar[tuple[float | None, float | None]] = (0, 1)

    average: Average = Field(
        "micro",
        description="Over what: all spans alike, sorts of spans alike, or sorts by how many spans there are of them",
    )

    @property
    def function(self) -> Callable[..., Any]:
        """Give seqeval's function."""
        raise NotImplementedError

    def of_label(self, right: Array, predicted: Array, meant: Array) -> Array:
        """Give the number of sorts of spans by how many are right, are predicted, and are meant."""
        raise NotImplementedError

    def check(self, place: Place) -> None:
        check_library(place, self.name, "seqeval", "tags")

    def compute(self, outcome: Outcome) -> float:
        if not outcome.records:
            return math.nan
        return float(self.function(*_tags(outcome), average=self.average, zero_division=0))

    def reference(self, outcome: Outcome) -> float | None:
        """Give that of the tag that is the commonest, for all words: where that is O, no span is found."""
        return self.compute(constant_tag(outcome)) if outcome.records else None

    def by_label(self, outcome: Outcome) -> Mapping[str, float]:
        """Give the number of each sort of span."""
        kinds = kinds_of(outcome)
        if not kinds:
            return {}
        values = self.function(*_tags(outcome), average=None, zero_division=0)
        return {kind: float(value) for kind, value in zip(kinds, values, strict=True)}

    def statistics(self, outcome: Outcome) -> Array:
        """Give of each record how many spans of each sort are right, are predicted, and are meant: (N, 3K)."""
        import numpy as np

        kinds = {kind: number for number, kind in enumerate(kinds_of(outcome))}
        counts = np.zeros((len(outcome.records), 3, len(kinds)))
        for row, record in zip(counts, outcome.records, strict=True):
            found, meant = (set(spans(record[name])) for name in ("prediction", "tags"))
            for number, group in enumerate((found & meant, found, meant)):
                for span in group:
                    row[number, kinds[span.kind]] += 1
        return counts.reshape(len(counts), -1)

    def of(self, sums: Array) -> float:
        return average_of(sums, self.average, self.of_label)


def kinds_of(outcome: Outcome) -> list[str]:
    """Give the sorts of the spans that are meant or predicted, in order."""
    tags = {tag for record in outcome.records for name in ("tags", "prediction") for tag in record[name]}
    return sorted({parted(tag)[1] for tag in tags} - {""})


def constant_tag(outcome: Outcome) -> Outcome:
    """Give the outcome of the trivial tagger: the tag that is the commonest, for all words."""
    counts = Counter(tag for record in outcome.records for tag in record["tags"])
    commonest = min(counts, key=lambda tag: (-counts[tag], tag))
    records: list[Mapping[str, Any]] = [
        {"tags": record["tags"], "prediction": [commonest] * len(record["tags"])} for record in outcome.records
    ]
    return Outcome(records=records, facts=outcome.facts)


def _tags(outcome: Outcome) -> tuple[list[list[str]], list[list[str]]]:
    return [list(one["tags"]) for one in outcome.records], [list(one["prediction"]) for one in outcome.records]
