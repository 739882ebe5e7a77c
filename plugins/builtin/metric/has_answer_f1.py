"""The metric `has_answer_f1`."""

from __future__ import annotations

from typing import ClassVar

from .answer_f1 import AnswerF1
from .answers import Asked


class HasAnswerF1(AnswerF1):
    """The `answer_f1` of the questions that have an answer: how good answers are, and not how well it is seen that there is none."""

    name: ClassVar[str] = "has_answer_f1"
    example: ClassVar[str] = "has_answer_f1()"
    about: ClassVar[Asked] = "answered"
