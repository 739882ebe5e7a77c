"""What the metrics of predicted answers share: the mean over questions of how well each is answered."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from ...values import Metric
from ...work import Outcome

Asked = Literal["all", "answered", "unanswered"]


class AnswerMetric(Metric):
    """The mean of a score over questions: all of them, those that have an answer, or those that have none."""

    needs: ClassVar[str] = "answer"
    bounds: ClassVar[tuple[float | None, float | None]] = (0, 1)
    of: ClassVar[Asked] = "all"

    @abstractmethod
    def score(self, prediction: str, answers: list[str]) -> float:
        """Judge one prediction; "" is no answer."""

    def compute(self, outcome: Outcome) -> float:
        return _mean([self.score(record["prediction"], record["answers"]) for record in self._asked(outcome)])

    def reference(self, outcome: Outcome) -> float | None:
        """Give the better one of two that read nothing: always no answer, and always the whole context."""
        records = list(self._asked(outcome))
        silent = _mean([self.score("", record["answers"]) for record in records])
        return max(silent, _mean([self.score(record["context"], record["answers"]) for record in records]))

    def _asked(self, outcome: Outcome) -> Iterator[Mapping[str, Any]]:
        for record in outcome.records:
            if self.of == "all" or bool(record["answers"]) == (self.of == "answered"):
                yield record


def _mean(scores: list[float]) -> float:
    return sum(scores) / len(scores) if scores else math.nan
