"""The metric `micro_f1`."""

from __future__ import annotations

from typing import ClassVar

from .counted import Average
from .f1 import F1Metric


class MicroF1(F1Metric):
    """F1 of all labels together: each label of each record counts alike.

    Where a record has one label it is the accuracy; for several labels a record it is the usual summary.
    """

    name: ClassVar[str] = "micro_f1"
    example: ClassVar[str] = "micro_f1()"
    average: ClassVar[Average] = "micro"
