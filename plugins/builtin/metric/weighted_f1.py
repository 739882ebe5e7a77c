"""The metric `weighted_f1`."""

from __future__ import annotations

from typing import ClassVar

from .counted import Average
from .f1 import F1Metric


class WeightedF1(F1Metric):
    """The mean over the labels of F1, each weighed by how many records have it."""

    name: ClassVar[str] = "weighted_f1"
    example: ClassVar[str] = "weighted_f1()"
    average: ClassVar[Average] = "weighted"
