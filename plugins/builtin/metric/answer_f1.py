"""The metric `answer_f1`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from ..squad import Unit, f1
from .answers import AnswerMetric


class AnswerF1(AnswerMetric):
    """The mean F1 of the words that a predicted answer shares with the nearest right one, as SQuAD's script has it.

    Texts are brought into one form as for `exact_match`. Japanese, which writes no spaces, is compared by characters, by the
    rules of JSQuAD: `by = characters`. A question without an answer counts 1 if none is given, and else 0.
    """

    name: ClassVar[str] = "answer_f1"
    version: ClassVar[int] = 2
    example: ClassVar[str] = "answer_f1 { by = characters }"

    by: Annotated[Unit, Field(description="What two answers share: words, or for Japanese characters")] = "words"

    def score(self, prediction: str, answers: list[str]) -> float:
        return f1(prediction, answers, self.by)
