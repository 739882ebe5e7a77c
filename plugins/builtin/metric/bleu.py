"""The metric `bleu`."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from ...component import Place
from ...extras import check_library
from .sacre import SacreMetric


class Bleu(SacreMetric):
    """How many words and runs of up to four words of the texts stand in their targets (Papineni et al. 2002).

    Computed by sacrebleu over all texts, whose signature stands in the report: numbers of other signatures can't be
    compared. Japanese and Chinese have no blanks between words: take `ja-mecab`, `zh` or `char`.
    """

    name: ClassVar[str] = "bleu"
    example: ClassVar[str] = "bleu { tokenize = char }"

    tokenize: Literal["13a", "intl", "char", "zh", "ja-mecab", "ko-mecab", "none"] = Field(
        "13a", description="How sacrebleu parts texts into words; for Japanese `ja-mecab` or `char`"
    )
    lowercase: bool = Field(False, description="Whether A and a are the same")

    def check(self, place: Place) -> None:
        super().check(place)
        if self.tokenize == "ja-mecab":
            check_library(place, "ja-mecab", "ipadic", "translation")
        if self.tokenize == "ko-mecab":
            check_library(place, "ko-mecab", "mecab_ko", "translation")

    def scorer(self) -> Any:
        from sacrebleu.metrics import BLEU

        return BLEU(tokenize=self.tokenize, lowercase=self.lowercase)
