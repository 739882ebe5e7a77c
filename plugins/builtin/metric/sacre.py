"""What the metrics of the library sacrebleu share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...component import Place
from ...extras import check_library
from .texts import TextMetric

if TYPE_CHECKING:
    import numpy as np


class SacreMetric(TextMetric):
    """A metric of sacrebleu (Post 2018, arXiv:1804.08771), whose signature goes with it."""

    @abstractmethod
    def scorer(self) -> Any:
        """Make the metric of the library."""

    def check(self, place: Place) -> None:
        check_library(place, self.name, "sacrebleu", "translation")

    def signature(self) -> str:
        scorer = self.scorer()
        # A signature says how many references there are, which the library learns when it scores.
        scorer.corpus_score(["a"], [["a"]])
        return f"{self.name}|{scorer.get_signature().format(short=False)}"

    def counted(self, written: Sequence[str], targets: Sequence[str]) -> Sequence[Sequence[float]]:
        # What the library's own bootstrap is made of: what it counts of each text.
        counts: Sequence[Sequence[float]] = self.scorer()._extract_corpus_statistics(written, [targets])
        return counts

    def of(self, sums: np.ndarray[Any, Any]) -> float:
        return float(self._made._compute_score_from_stats(sums.tolist()).score)

    @property
    def _made(self) -> Any:
        return made(self)


_MADE: dict[str, Any] = {}


def made(metric: SacreMetric) -> Any:
    """Give the library's metric, made once: to make one may load a dictionary."""
    described = repr(metric)
    if described not in _MADE:
        _MADE[described] = metric.scorer()
    return _MADE[described]
