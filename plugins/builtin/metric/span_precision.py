"""The metric `span_precision`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from .counted import share
from .spans import SpanMetric

if TYPE_CHECKING:
    import numpy as np


class SpanPrecision(SpanMetric):
    """Of the spans that are predicted, the part that is right: first word, last word and sort."""

    name: ClassVar[str] = "span_precision"
    example: ClassVar[str] = "span_precision()"

    @property
    def function(self) -> Callable[..., Any]:
        from seqeval.metrics import precision_score

        return precision_score

    def of_label(self, right: Any, predicted: Any, meant: Any) -> np.ndarray[Any, Any]:
        return share(right, predicted)
