"""Metrics of texts that were written, against those that should have been: what they share.

Trivial models stand beside each: one that copies its source, one that copies its first sentence (lead-1, which summaries
are held against), and one that always writes the same text, the target that occurs most often (of those that are as
frequent, the one whose length is nearest to the mean).
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from ...component import Facts
from ...values import Metric
from ...work import Outcome

if TYPE_CHECKING:
    import numpy as np


class TextMetric(Metric):
    """A metric whose sums over texts say all, from 0 to 100 unless it says otherwise."""

    bounds: ClassVar[tuple[float | None, float | None]] = (0, 100)
    needs: ClassVar[str] = "target"

    @abstractmethod
    def counted(self, written: Sequence[str], targets: Sequence[str]) -> Sequence[Sequence[float]]:
        """Give numbers of each text, whose sums over texts the metric is computed of."""

    def signature(self) -> str:
        """Say by which library, in which version, and how it was computed."""
        return ""

    def compute(self, outcome: Outcome) -> float:
        return self.of(self.statistics(outcome).sum(axis=0))

    def statistics(self, outcome: Outcome) -> np.ndarray[Any, Any]:
        import numpy as np

        written = [record["prediction"] for record in outcome.records]
        targets = [record["target"] for record in outcome.records]
        return np.array(self.counted(written, targets), dtype=np.float64)

    def reference(self, outcome: Outcome) -> float | None:
        """Give the best of the trivial models."""
        trivial = self._trivial(outcome).values()
        return max(trivial) if self.higher_is_better else min(trivial)

    def details(self, outcome: Outcome) -> Facts:
        """Give the trivial models, and the signature."""
        return self._trivial(outcome) | ({"signature": signature} if (signature := self.signature()) else {})

    def _trivial(self, outcome: Outcome) -> dict[str, float]:
        sources = [record["source"] for record in outcome.records]
        targets = Counter(record["target"] for record in outcome.records)
        mean = sum(len(target) * times for target, times in targets.items()) / max(targets.total(), 1)
        commonest = min(targets, key=lambda target: (-targets[target], abs(len(target) - mean), target), default="")
        return {
            "copying the source": self._if_written(outcome, sources),
            "its first sentence": self._if_written(outcome, [first_sentence(source) for source in sources]),
            "always the commonest": self._if_written(outcome, [commonest] * len(sources)),
        }

    def _if_written(self, outcome: Outcome, written: Sequence[str]) -> float:
        records: list[Mapping[str, Any]] = [
            {**record, "prediction": text} for record, text in zip(outcome.records, written, strict=True)
        ]
        return self.compute(replace(outcome, records=records))


def first_sentence(text: str) -> str:
    """Give the first sentence of a text, as its signs say."""
    return re.split(r"(?<=[.?!])\s|(?<=[。？！])", text.strip(), maxsplit=1)[0]
