"""Metrics that follow from how often each label is right, is predicted, and is meant: precision, recall, F1.

K labels that are counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ...work import Outcome
from .labels import Labelled, LabelMetric, by_label, classes, constant, labelled

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

Average = Literal["macro", "micro", "weighted"]


class CountedMetric(LabelMetric):
    """A metric of each label by its counts, averaged over those that occur among the labels or the predictions."""

    bounds: ClassVar[tuple[float | None, float | None]] = (0, 1)

    @property
    def averaged(self) -> Average:
        """Give over what it is averaged."""
        raise NotImplementedError

    @property
    def function(self) -> Callable[..., Any]:
        """Give scikit-learn's function."""
        raise NotImplementedError

    def of_label(self, right: Array, predicted: Array, meant: Array) -> Array:
        """Give the number of labels by how often each is predicted rightly, predicted, and meant; 0 where nothing is."""
        raise NotImplementedError

    def compute(self, outcome: Outcome) -> float:
        found = labelled(outcome)
        if not len(found):
            return math.nan
        numbers = _occurring(found)
        return float(
            self.function(found.labels, found.predictions, labels=numbers, average=self.averaged, zero_division=0)
        )

    def reference(self, outcome: Outcome) -> float | None:
        """Give that of predicting what is the commonest for all."""
        return self.compute(constant(outcome))

    def by_label(self, outcome: Outcome) -> Mapping[str, float]:
        """Give the number of each label that occurs."""
        found = labelled(outcome)
        if not len(found):
            return {}
        numbers = _occurring(found)
        values = self.function(found.labels, found.predictions, labels=numbers, average=None, zero_division=0)
        return by_label(outcome, values, numbers)

    def statistics(self, outcome: Outcome) -> Array:
        """Give of each record which labels are right, are predicted, and are meant: (N, 3K)."""
        import numpy as np

        found, count = labelled(outcome), classes(outcome)
        if not found.is_multiple:
            labels, predictions = (
                (one[:, None] == np.arange(count)).astype(np.float64) for one in (found.labels, found.predictions)
            )
        else:
            labels, predictions = found.labels.astype(np.float64), found.predictions.astype(np.float64)
        return np.concatenate([labels * predictions, predictions, labels], axis=1)

    def of(self, sums: Array) -> float:
        """Give the average of what the sums of the statistics come to."""
        return average_of(sums, self.averaged, self.of_label)


def average_of(sums: Array, average: Average, of_label: Callable[[Any, Any, Any], Array]) -> float:
    """Give the average of a number over labels by how often they are right, are predicted, and are meant: (3K,)."""
    import numpy as np

    right, predicted, meant = sums.reshape(3, -1)
    if average == "micro":
        return float(of_label(right.sum(), predicted.sum(), meant.sum()))
    values, occurs = of_label(right, predicted, meant), (predicted + meant) > 0
    if not occurs.any():
        return math.nan
    weights = meant if average == "weighted" else occurs.astype(np.float64)
    return float(np.average(values, weights=weights)) if weights.sum() else 0.0


def _occurring(found: Labelled) -> list[int]:
    """Give the numbers of the labels that some record has or is given."""
    import numpy as np

    if found.is_multiple:
        numbers = np.flatnonzero((found.labels | found.predictions).any(axis=0))
    else:
        numbers = np.union1d(found.labels, found.predictions)
    return [int(number) for number in numbers]


def share(part: Any, whole: Any) -> Any:
    """Divide, and give 0 where there is nothing to divide by."""
    import numpy as np

    return np.divide(part, whole, out=np.zeros_like(np.asarray(part, dtype=np.float64)), where=np.asarray(whole) > 0)
