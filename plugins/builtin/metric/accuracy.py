"""The metric `accuracy`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ...values import Metric
from ...work import Outcome
from .labels import constant, pairs

if TYPE_CHECKING:
    import numpy as np


class Accuracy(Metric):
    """The part of the records whose label is predicted right."""

    name: ClassVar[str] = "accuracy"
    example: ClassVar[str] = "accuracy()"
    bounds: ClassVar[tuple[float | None, float | None]] = (0, 1)
    needs: ClassVar[str] = "label"

    def compute(self, outcome: Outcome) -> float:
        return _accuracy(pairs(outcome))

    def statistics(self, outcome: Outcome) -> np.ndarray[Any, Any]:
        """Give of each record whether it is right, and 1."""
        import numpy as np

        right = [[label == prediction, 1] for label, prediction in pairs(outcome)]
        return np.array(right, dtype=np.float64).reshape(-1, 2)

    def of(self, sums: np.ndarray[Any, Any]) -> float:
        return float(sums[0] / sums[1])

    def reference(self, outcome: Outcome) -> float | None:
        """Give that of predicting the commonest label for all."""
        return _accuracy(constant(outcome))


def _accuracy(pairs: Sequence[tuple[int, int]]) -> float:
    return sum(label == prediction for label, prediction in pairs) / len(pairs) if pairs else math.nan
