"""The metric `precision`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from .counted import Average, CountedMetric, share

if TYPE_CHECKING:
    import numpy as np


class Precision(CountedMetric):
    """Of the records that are given a label, the part that has it; 0 for a label that is never given."""

    name: ClassVar[str] = "precision"
    example: ClassVar[str] = "precision { average = weighted }"

    average: Average = Field(
        "macro", description="Over what: labels alike, labels by how many records have them, or all decisions together"
    )

    @property
    def averaged(self) -> Average:
        return self.average

    @property
    def function(self) -> Callable[..., Any]:
        from sklearn.metrics import precision_score

        return precision_score

    def of_label(self, right: Any, predicted: Any, meant: Any) -> np.ndarray[Any, Any]:
        return share(right, predicted)
