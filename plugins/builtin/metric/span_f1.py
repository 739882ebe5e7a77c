"""The metric `span_f1`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from .counted import share
from .spans import SpanMetric

if TYPE_CHECKING:
    import numpy as np


class SpanF1(SpanMetric):
    """F1 of the spans that the tags mark: one is right if its first word, its last and its sort are.

    As conlleval and seqeval count: an I that goes on with nothing begins a span.
    """

    name: ClassVar[str] = "span_f1"
    example: ClassVar[str] = "span_f1()"

    @property
    def function(self) -> Callable[..., Any]:
        from seqeval.metrics import f1_score

        return f1_score

    def of_label(self, right: Any, predicted: Any, meant: Any) -> np.ndarray[Any, Any]:
        return share(2 * right, predicted + meant)
