"""The metric `span_recall`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from .counted import share
from .spans import SpanMetric

if TYPE_CHECKING:
    import numpy as np


class SpanRecall(SpanMetric):
    """Of the spans that there are, the part that is found: first word, last word and sort."""

    name: ClassVar[str] = "span_recall"
    example: ClassVar[str] = "span_recall()"

    @property
    def function(self) -> Callable[..., Any]:
        from seqeval.metrics import recall_score

        return recall_score

    def of_label(self, right: Any, predicted: Any, meant: Any) -> np.ndarray[Any, Any]:
        return share(right, meant)
