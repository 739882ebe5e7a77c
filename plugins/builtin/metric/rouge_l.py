"""The metric `rouge_l`."""

from __future__ import annotations

from typing import ClassVar

from .rouge import RougeMetric


class RougeL(RougeMetric):
    """How much a text and its target have in common of the longest common subsequence of words (Lin 2004, ROUGE-L), the mean F measure.

    By the library rouge-score; for Japanese `by = characters`, where every character but blanks is a word.
    """

    name: ClassVar[str] = "rouge_l"
    example: ClassVar[str] = "rouge_l { by = characters }"
    part: ClassVar[str] = "rougeL"
