"""The metric `balanced_accuracy`."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from llx.plugins.api import Metric, Outcome


class BalancedAccuracy(Metric):
    """The mean over the labels of the share of its records that are found; rare labels count as much as others."""

    name: ClassVar[str] = "balanced_accuracy"
    needs: ClassVar[str] = "label"

    def compute(self, outcome: Outcome) -> float:
        labelled = Counter(record["label"] for record in outcome.records)
        found = Counter(record["label"] for record in outcome.records if record["label"] == record["prediction"])
        return sum(found[label] / count for label, count in labelled.items()) / len(labelled)

    def reference(self, outcome: Outcome) -> float:
        """Give that of any constant prediction: it finds all of one label and none of the others."""
        return 1 / len({record["label"] for record in outcome.records})
