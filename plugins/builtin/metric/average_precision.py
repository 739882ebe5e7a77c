"""The metric `average_precision`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ...work import Outcome
from .labels import LabelMetric
from .ranked import each_label, mean


class AveragePrecision(LabelMetric):
    """The mean of the precision as records are taken in the order of their score for a label (area under precision and recall).

    The mean over the labels, each against the rest; a label that all records or none have is left out.
    """

    name: ClassVar[str] = "average_precision"
    example: ClassVar[str] = "average_precision()"
    bounds: ClassVar[tuple[float | None, float | None]] = (0, 1)

    def compute(self, outcome: Outcome) -> float:
        return mean(self.by_label(outcome))

    def reference(self, outcome: Outcome) -> float | None:
        """Give that of scores that say nothing: how often a label occurs."""
        return mean(each_label(outcome, lambda has, score: float(has.mean())))

    def by_label(self, outcome: Outcome) -> Mapping[str, float]:
        """Give that of each label that some records have and others don't."""
        from sklearn.metrics import average_precision_score

        return each_label(outcome, average_precision_score)
