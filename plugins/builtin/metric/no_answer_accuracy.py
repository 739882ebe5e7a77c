"""The metric `no_answer_accuracy`."""

from __future__ import annotations

from typing import ClassVar

from .answers import Asked
from .exact_match import ExactMatch


class NoAnswerAccuracy(ExactMatch):
    """The part of the questions without an answer to which none is given: NoAns of SQuAD v2's script."""

    name: ClassVar[str] = "no_answer_accuracy"
    example: ClassVar[str] = "no_answer_accuracy()"
    about: ClassVar[Asked] = "unanswered"
