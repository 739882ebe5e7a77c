"""The metric `auroc`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ...work import Outcome
from .labels import LabelMetric
from .ranked import each_label, mean


class Auroc(LabelMetric):
    """How often a record that has a label is given a higher score for it than one that hasn't (area under the ROC curve).

    The mean over the labels, each against the rest; a label that all records or none have is left out. No threshold is
    in it.
    """

    name: ClassVar[str] = "auroc"
    example: ClassVar[str] = "auroc()"
    bounds: ClassVar[tuple[float | None, float | None]] = (0, 1)

    def compute(self, outcome: Outcome) -> float:
        return mean(self.by_label(outcome))

    def reference(self, outcome: Outcome) -> float | None:
        """Give that of scores that say nothing."""
        return 0.5

    def by_label(self, outcome: Outcome) -> Mapping[str, float]:
        """Give that of each label that some records have and others don't."""
        from sklearn.metrics import roc_auc_score

        return each_label(outcome, roc_auc_score)
