"""The metric `exact_match`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from ..squad import Unit, exact
from .answers import AnswerMetric


class ExactMatch(AnswerMetric):
    """The part of the questions whose answer is one of the right ones, as SQuAD's script judges it.

    Small and capital letters, ASCII punctuation, English articles and white space make no difference; a question without
    an answer is right if none is given (Rajpurkar et al. 2016, 2018). With `by = characters` the rules are those of JSQuAD:
    of all punctuation only a 。 at the end makes no difference.
    """

    name: ClassVar[str] = "exact_match"
    example: ClassVar[str] = "exact_match()"

    by: Annotated[
        Unit, Field(description="By which rules texts are brought into one form: words, or for Japanese characters")
    ] = "words"

    def score(self, prediction: str, answers: list[str]) -> float:
        return exact(prediction, answers, self.by)
