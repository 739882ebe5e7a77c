"""The metric `auroc`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ...work import Outcome
from .labels import LabelMetric, by_label, scores
from .ranked import mean


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
        """Give that of each label that some records have and others don't.

        It is the statistic of Mann and Whitney, which scipy's ranks give for all labels at once; scikit-learn's
        `roc_auc_score` is the same number, and 50 times as long for the thousand draws of an interval.
        """
        from scipy.stats import rankdata

        if not outcome.records:
            return {}
        has, given = scores(outcome)
        size, count = has.sum(axis=0), len(has)
        numbers = [number for number in range(has.shape[1]) if 0 < size[number] < count]
        has, given, size = has[:, numbers], given[:, numbers], size[numbers]
        sums = (rankdata(given, axis=0) * has).sum(axis=0) - size * (size + 1) / 2
        return by_label(outcome, sums / (size * (count - size)), numbers)
