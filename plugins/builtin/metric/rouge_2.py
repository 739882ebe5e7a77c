"""The metric `rouge_2`."""

from __future__ import annotations

from typing import ClassVar

from .rouge import RougeMetric


class Rouge2(RougeMetric):
    """How much a text and its target have in common of pairs of words (Lin 2004, ROUGE-2), the mean F measure.

    By the library rouge-score; for Japanese `by = characters`, where every character but blanks is a word.
    """

    name: ClassVar[str] = "rouge_2"
    example: ClassVar[str] = "rouge_2 { by = characters }"
    part: ClassVar[str] = "rouge2"
