"""F1 of labels: the harmonic mean of precision and recall."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from .counted import Average, CountedMetric, share

if TYPE_CHECKING:
    import numpy as np


class F1Metric(CountedMetric):
    """F1 of labels, averaged in one way."""

    average: ClassVar[Average]

    @property
    def averaged(self) -> Average:
        return self.average

    @property
    def function(self) -> Callable[..., Any]:
        from sklearn.metrics import f1_score

        return f1_score

    def of_label(self, right: Any, predicted: Any, meant: Any) -> np.ndarray[Any, Any]:
        return share(2 * right, predicted + meant)
