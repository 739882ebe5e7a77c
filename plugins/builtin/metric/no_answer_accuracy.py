"""The metric `no_answer_accuracy`."""

from __future__ import annotations

from typing import ClassVar

from ..squad import exact
from .answers import AnswerMetric, Asked


class NoAnswerAccuracy(AnswerMetric):
    """The part of the questions without an answer to which none is given: NoAns of SQuAD v2's script."""

    name: ClassVar[str] = "no_answer_accuracy"
    example: ClassVar[str] = "no_answer_accuracy()"
    about: ClassVar[Asked] = "unanswered"

    def score(self, prediction: str, answers: list[str]) -> float:
        return exact(prediction, answers)
