"""The metric `accuracy`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from ...work import Outcome
from .labels import LabelMetric, constant, labelled

if TYPE_CHECKING:
    import numpy as np


class Accuracy(LabelMetric):
    """The part of the records whose label is predicted right.

    Of a record with several labels all must be right, and no other be given (subset accuracy, exact match).
    """

    name: ClassVar[str] = "accuracy"
    example: ClassVar[str] = "accuracy()"
    bounds: ClassVar[tuple[float | None, float | None]] = (0, 1)

    def compute(self, outcome: Outcome) -> float:
        from sklearn.metrics import accuracy_score

        found = labelled(outcome)
        return float(accuracy_score(found.labels, found.predictions)) if len(found) else math.nan

    def reference(self, outcome: Outcome) -> float | None:
        """Give that of predicting the commonest label for all."""
        return self.compute(constant(outcome))

    def statistics(self, outcome: Outcome) -> np.ndarray[Any, Any]:
        """Give of each record whether it is right, and 1."""
        import numpy as np

        found = labelled(outcome)
        right = found.labels == found.predictions
        right = right.all(axis=1) if found.is_multiple else right
        return np.stack([right, np.ones_like(right)], axis=1).astype(np.float64)

    def of(self, sums: np.ndarray[Any, Any]) -> float:
        return float(sums[0] / sums[1])
