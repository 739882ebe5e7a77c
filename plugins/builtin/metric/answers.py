"""What the metrics of predicted answers share: the mean over questions of how well each is answered."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ...values import Metric
from ...work import Outcome

if TYPE_CHECKING:
    import numpy as np

Asked = Literal["all", "answered", "unanswered"]


class AnswerMetric(Metric):
    """The mean of a score over questions: all of them, those that have an answer, or those that have none."""

    needs: ClassVar[str] = "answer"
    bounds: ClassVar[tuple[float | None, float | None]] = (0, 1)
    about: ClassVar[Asked] = "all"

    @abstractmethod
    def score(self, prediction: str, answers: list[str]) -> float:
        """Judge one prediction; "" is no answer."""

    def compute(self, outcome: Outcome) -> float:
        return _mean([self.score(record["prediction"], record["answers"]) for record in self._asked(outcome)])

    def statistics(self, outcome: Outcome) -> np.ndarray[Any, Any]:
        """Give of each record its score and 1, or twice 0 if it isn't asked about."""
        import numpy as np

        asked = [self._is_asked(record) for record in outcome.records]
        scores = [
            self.score(record["prediction"], record["answers"]) if counts else 0.0
            for record, counts in zip(outcome.records, asked, strict=True)
        ]
        return np.array([scores, asked], dtype=np.float64).T.reshape(-1, 2)

    def of(self, sums: np.ndarray[Any, Any]) -> float:
        return float(sums[0] / sums[1]) if sums[1] else math.nan

    def reference(self, outcome: Outcome) -> float | None:
        """Give the better one of two that read nothing: always no answer, and always the whole context."""
        records = list(self._asked(outcome))
        silent = _mean([self.score("", record["answers"]) for record in records])
        return max(silent, _mean([self.score(record["context"], record["answers"]) for record in records]))

    def _asked(self, outcome: Outcome) -> Iterator[Mapping[str, Any]]:
        return filter(self._is_asked, outcome.records)

    def _is_asked(self, record: Mapping[str, Any]) -> bool:
        return self.about == "all" or bool(record["answers"]) == (self.about == "answered")


def _mean(scores: list[float]) -> float:
    return sum(scores) / len(scores) if scores else math.nan
