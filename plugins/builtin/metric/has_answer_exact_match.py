"""The metric `has_answer_exact_match`."""

from __future__ import annotations

from typing import ClassVar

from .answers import Asked
from .exact_match import ExactMatch


class HasAnswerExactMatch(ExactMatch):
    """The `exact_match` of the questions that have an answer: how good answers are, and not how well it is seen that there is none."""

    name: ClassVar[str] = "has_answer_exact_match"
    example: ClassVar[str] = "has_answer_exact_match()"
    about: ClassVar[Asked] = "answered"
