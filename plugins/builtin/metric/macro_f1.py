"""The metric `macro_f1`."""

from __future__ import annotations

from typing import ClassVar

from .counted import Average
from .f1 import F1Metric


class MacroF1(F1Metric):
    """The mean over the labels of F1, the harmonic mean of precision and recall; rare labels count as much as others.

    The mean is over the labels that occur among the records or the predictions, as in scikit-learn.
    """

    name: ClassVar[str] = "macro_f1"
    example: ClassVar[str] = "macro_f1()"
    average: ClassVar[Average] = "macro"
