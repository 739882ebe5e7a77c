"""The metric `jaccard`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from ...work import Outcome
from .labels import LabelMetric, constant, labelled

if TYPE_CHECKING:
    import numpy as np


class Jaccard(LabelMetric):
    """The mean over the records of the labels that are right among those that it has or is given.

    A record without labels that is given none counts 1.
    """

    name: ClassVar[str] = "jaccard"
    example: ClassVar[str] = "jaccard()"
    needs: ClassVar[str] = "labels"
    bounds: ClassVar[tuple[float | None, float | None]] = (0, 1)

    def compute(self, outcome: Outcome) -> float:
        from sklearn.metrics import jaccard_score

        found = labelled(outcome)
        if not len(found):
            return math.nan
        return float(jaccard_score(found.labels, found.predictions, average="samples", zero_division=1))

    def reference(self, outcome: Outcome) -> float | None:
        """Give that of predicting the commonest set of labels for all."""
        return self.compute(constant(outcome))

    def statistics(self, outcome: Outcome) -> np.ndarray[Any, Any]:
        """Give the share of each record, and 1."""
        import numpy as np

        found = labelled(outcome)
        both = (found.labels & found.predictions).sum(axis=1)
        either = (found.labels | found.predictions).sum(axis=1)
        return np.stack([np.where(either, both / np.maximum(either, 1), 1.0), np.ones(len(found))], axis=1)

    def of(self, sums: np.ndarray[Any, Any]) -> float:
        return float(sums[0] / sums[1])
