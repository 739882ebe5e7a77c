"""What the metrics of the library rouge-score share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from ...component import Place
from ...extras import check_library
from .texts import TextMetric

if TYPE_CHECKING:
    import numpy as np


class RougeMetric(TextMetric):
    """The F measure of what a text and its target have in common, a mean over texts, by the library rouge-score.

    The library's own words are letters a to z and digits; with `by = characters` every character but blanks is a word,
    which is how Japanese is measured.
    """

    part: ClassVar[str]
    """What the library calls it."""

    by: Literal["words", "characters"] = Field("words", description="What is counted; Japanese by characters")
    stemmer: bool = Field(False, description="Whether English words lose their endings first (Porter's stemmer)")

    def check(self, place: Place) -> None:
        check_library(place, self.name, "rouge_score", "summarisation")

    def signature(self) -> str:
        from importlib.metadata import version

        return (
            f"{self.part}|by:{self.by}|stemmer:{'yes' if self.stemmer else 'no'}|rouge-score:{version('rouge-score')}"
        )

    def counted(self, written: Sequence[str], targets: Sequence[str]) -> Sequence[Sequence[float]]:
        from rouge_score.rouge_scorer import RougeScorer

        tokenizer = _Characters() if self.by == "characters" else None
        scorer = RougeScorer([self.part], use_stemmer=self.stemmer, tokenizer=tokenizer)
        pairs = zip(written, targets, strict=True)
        return [(scorer.score(target, text)[self.part].fmeasure, 1.0) for text, target in pairs]

    def of(self, sums: np.ndarray[Any, Any]) -> float:
        return 100 * float(sums[0] / sums[1])


class _Characters:
    """Takes every character but blanks for a word."""

    def tokenize(self, text: str) -> list[str]:
        return [character for character in text.lower() if not character.isspace()]
