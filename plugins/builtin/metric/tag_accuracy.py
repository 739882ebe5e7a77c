"""The metric `tag_accuracy`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from ...values import Metric
from ...work import Outcome
from .spans import constant_tag

if TYPE_CHECKING:
    import numpy as np


class TagAccuracy(Metric):
    """The part of the words whose tag is predicted right.

    Where most words are outside of all names, a model that finds none is right of nearly all words: see its reference.
    """

    name: ClassVar[str] = "tag_accuracy"
    example: ClassVar[str] = "tag_accuracy()"
    needs: ClassVar[str] = "tags"
    bounds: ClassVar[tuple[float | None, float | None]] = (0, 1)

    def compute(self, outcome: Outcome) -> float:
        from sklearn.metrics import accuracy_score

        tags = [tag for record in outcome.records for tag in record["tags"]]
        found = [tag for record in outcome.records for tag in record["prediction"]]
        return float(accuracy_score(tags, found)) if tags else math.nan

    def reference(self, outcome: Outcome) -> float | None:
        """Give that of the tag that is the commonest, for all words."""
        return self.compute(constant_tag(outcome)) if outcome.records else None

    def statistics(self, outcome: Outcome) -> np.ndarray[Any, Any]:
        """Give of each record how many of its words are right, and how many there are."""
        import numpy as np

        counts = [
            [sum(a == b for a, b in zip(one["tags"], one["prediction"], strict=True)), len(one["tags"])]
            for one in outcome.records
        ]
        return np.array(counts, dtype=np.float64).reshape(-1, 2)

    def of(self, sums: np.ndarray[Any, Any]) -> float:
        return float(sums[0] / sums[1])
