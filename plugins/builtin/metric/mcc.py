"""The metric `mcc`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from ...work import Outcome
from .labels import LabelMetric, classes, labelled

if TYPE_CHECKING:
    import numpy as np


class MatthewsCorrelation(LabelMetric):
    """The correlation of labels and predictions (Matthews 1975; Gorodkin 2004 for more than two labels).

    It is 0 for a guess that knows nothing of the record, however unequal the labels are, and 1 if all is right.
    """

    name: ClassVar[str] = "mcc"
    example: ClassVar[str] = "mcc()"
    needs: ClassVar[str] = "one_label"
    bounds: ClassVar[tuple[float | None, float | None]] = (-1, 1)

    def compute(self, outcome: Outcome) -> float:
        from sklearn.metrics import matthews_corrcoef

        found = labelled(outcome)
        return float(matthews_corrcoef(found.labels, found.predictions)) if len(found) else math.nan

    def reference(self, outcome: Outcome) -> float | None:
        """Give that of any constant."""
        return 0.0

    def statistics(self, outcome: Outcome) -> np.ndarray[Any, Any]:
        """Give of each record its label, its prediction, and whether they are the same, by label: (N, 2C + 1)."""
        import numpy as np

        found, numbers = labelled(outcome), np.arange(classes(outcome))
        labels, predictions = found.labels[:, None] == numbers, found.predictions[:, None] == numbers
        right = (found.labels == found.predictions)[:, None]
        return np.concatenate([labels, predictions, right], axis=1).astype(np.float64)

    def of(self, sums: np.ndarray[Any, Any]) -> float:
        labels, predictions = sums[:-1].reshape(2, -1)
        total = labels.sum()
        covariance = sums[-1] * total - labels @ predictions
        spread = (total**2 - predictions @ predictions) * (total**2 - labels @ labels)
        return float(covariance / math.sqrt(spread)) if spread > 0 else 0.0
