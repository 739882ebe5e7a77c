"""The metric `reward_accuracy`."""

from __future__ import annotations

from typing import ClassVar

from ...values import Metric
from ...work import Outcome


class RewardAccuracy(Metric):
    """The part of the pairs whose preferred answer has the higher reward; guessing has half.

    An answer's reward is how much its likelihood rose above the reference model's (see `dpo`).
    """

    name: ClassVar[str] = "reward_accuracy"
    example: ClassVar[str] = "reward_accuracy()"
    bounds: ClassVar[tuple[float | None, float | None]] = (0, 1)
    needs: ClassVar[str] = "reward"

    def compute(self, outcome: Outcome) -> float:
        return sum(record["margin"] > 0 for record in outcome.records) / len(outcome.records)

    def reference(self, outcome: Outcome) -> float | None:
        """Give that of guessing."""
        return 0.5
