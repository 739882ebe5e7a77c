"""The metric `rouge_1`."""

from __future__ import annotations

from typing import ClassVar

from .rouge import RougeMetric


class Rouge1(RougeMetric):
    """How much a text and its target have in common of words (Lin 2004, ROUGE-1), the mean F measure.

    By the library rouge-score; for Japanese `by = characters`, where every character but blanks is a word.
    """

    name: ClassVar[str] = "rouge_1"
    example: ClassVar[str] = "rouge_1 { by = characters }"
    part: ClassVar[str] = "rouge1"
