"""The metric `recall`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from .counted import Average, CountedMetric, share

if TYPE_CHECKING:
    import numpy as np


class Recall(CountedMetric):
    """Of the records that have a label, the part that is given it; 0 for a label that none has."""

    name: ClassVar[str] = "recall"
    example: ClassVar[str] = "recall { average = weighted }"

    average: Average = Field(
        "macro", description="Over what: labels alike, labels by how many records have them, or all decisions together"
    )

    @property
    def averaged(self) -> Average:
        return self.average

    @property
    def function(self) -> Callable[..., Any]:
        from sklearn.metrics import recall_score

        return recall_score

    def of_label(self, right: Any, predicted: Any, meant: Any) -> np.ndarray[Any, Any]:
        return share(right, meant)
