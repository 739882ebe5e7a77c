"""How SQuAD judges answers: exact match and F1 of texts that were brought into one form.

The rules are those of the official script (evaluate-v2.0.py of Rajpurkar et al. 2018, arXiv:1806.03822; for questions that
all have an answer it gives what that of v1.1 gives). Japanese writes no spaces between words, and is compared character by
character by the rules of JSQuAD (Kurihara et al. 2022; JGLUE's patch of squad_metrics.py in transformers).
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Literal

Unit = Literal["words", "characters"]

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_JUDGED = 1 << 14
"""Pairs that are remembered: intervals ask for the same ones again and again."""


def normalised(text: str, unit: Unit = "words") -> str:
    """Write an answer in small letters, without ASCII punctuation and articles, and with one space for all white space.

    What is compared by characters keeps articles and punctuation but for a full stop (。) at its end.
    """
    small = text.lower()
    bare = small.rstrip("。") if unit == "characters" else _ARTICLES.sub(" ", small.translate(_PUNCTUATION))
    return " ".join(bare.split())


def exact(prediction: str, answers: Sequence[str], unit: Unit = "words") -> float:
    """Say whether a prediction is one of the answers (1.0 or 0.0); without answers, whether it is none."""
    given = normalised(prediction, unit)
    return max(float(given == normalised(answer, unit)) for answer in _wanted(answers, unit))


def f1(prediction: str, answers: Sequence[str], unit: Unit = "words") -> float:
    """Give the F1 of the words (or characters) of a prediction against the answer that it is nearest to."""
    return max(_f1(prediction, answer, unit) for answer in _wanted(answers, unit))


def best_threshold(judged: Sequence[tuple[float, float, bool]]) -> float:
    """Choose the margin of no answer beyond which none is given, so that the sum of scores is largest.

    Each question is (margin, score of its best answer, whether it has none). Between two margins the middle is taken, and
    beyond all of them the nearest one moved by 1.
    """
    ranked = sorted(judged)
    margins = [margin for margin, *_ in ranked]
    cuts = [(low + high) / 2 for low, high in pairwise(margins)]
    # With the first cut all are none, with each further one the next question gets its answer.
    sums = [float(sum(none for *_, none in ranked))]
    for _, score, none in ranked:
        sums.append(sums[-1] + (0.0 if none else score) - float(none))
    places = [margins[0] - 1.0, *cuts, margins[-1] + 1.0]
    best = max(range(len(places)), key=lambda number: (sums[number], number))
    return places[best]


def _wanted(answers: Sequence[str], unit: Unit) -> Sequence[str]:
    """Give the answers that something is left of; of none, the empty one."""
    return [answer for answer in answers if normalised(answer, unit)] or [""]


@lru_cache(_JUDGED)
def _f1(prediction: str, answer: str, unit: Unit) -> float:
    given, wanted = _tokens(prediction, unit), _tokens(answer, unit)
    if not given or not wanted:
        return float(given == wanted)
    common = sum((Counter(given) & Counter(wanted)).values())
    return 2 * common / (len(given) + len(wanted))


def _tokens(text: str, unit: Unit) -> list[str]:
    text = normalised(text, unit)
    return text.split() if unit == "words" else list(text)
