"""The metric `reward_margin`."""

from __future__ import annotations

from typing import ClassVar

from ...values import Metric
from ...work import Outcome


class RewardMargin(Metric):
    """By how much the preferred answer's reward is above the other's, on average; that of the reference itself is 0."""

    name: ClassVar[str] = "reward_margin"
    example: ClassVar[str] = "reward_margin()"
    needs: ClassVar[str] = "reward"

    def compute(self, outcome: Outcome) -> float:
        return sum(record["margin"] for record in outcome.records) / len(outcome.records)

    def reference(self, outcome: Outcome) -> float | None:
        """Give that of the reference model."""
        return 0.0
