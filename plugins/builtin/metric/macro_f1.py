"""The metric `macro_f1`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from ...values import Metric
from ...work import Outcome
from .labels import constant, pairs


class MacroF1(Metric):
    """The mean over the labels of F1, the harmonic mean of precision and recall; rare labels count as much as others.

    The mean is over the labels that occur among the records or the predictions, as in scikit-learn.
    """

    name: ClassVar[str] = "macro_f1"
    example: ClassVar[str] = "macro_f1()"
    bounds: ClassVar[tuple[float | None, float | None]] = (0, 1)
    needs: ClassVar[str] = "label"

    def compute(self, outcome: Outcome) -> float:
        return _macro_f1(pairs(outcome))

    def reference(self, outcome: Outcome) -> float | None:
        """Give that of predicting the commonest label for all."""
        return _macro_f1(constant(outcome))


def _macro_f1(pairs: Sequence[tuple[int, int]]) -> float:
    right = Counter(label for label, prediction in pairs if label == prediction)
    labelled = Counter(label for label, _ in pairs)
    predicted = Counter(prediction for _, prediction in pairs)
    labels = labelled.keys() | predicted.keys()
    if not labels:
        return math.nan
    return sum(2 * right[label] / (labelled[label] + predicted[label]) for label in sorted(labels)) / len(labels)
