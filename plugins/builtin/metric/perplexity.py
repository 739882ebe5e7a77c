"""The metric `perplexity`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ...values import Metric
from ...work import Outcome
from .losses import losses
from .unigram import entropy

if TYPE_CHECKING:
    import numpy as np


class Perplexity(Metric):
    """Among how many tokens, as it were, the model is undecided: e to the mean loss a token.

    Compare it only between models with the same tokenizer.
    """

    name: ClassVar[str] = "perplexity"
    example: ClassVar[str] = "perplexity()"
    bounds: ClassVar[tuple[float | None, float | None]] = (1, None)
    needs: ClassVar[str] = "loss"
    higher_is_better: ClassVar[bool] = False
    unit: ClassVar[Literal["record", "row"]] = "row"

    def compute(self, outcome: Outcome) -> float:
        return _exponential(outcome.sums["loss"] / outcome.sums["count"])

    def statistics(self, outcome: Outcome) -> np.ndarray[Any, Any] | None:
        """Give the loss of each row, and its tokens."""
        return losses(outcome)

    def of(self, sums: np.ndarray[Any, Any]) -> float:
        return _exponential(float(sums[0] / sums[1]))

    def reference(self, outcome: Outcome) -> float | None:
        """Give that of the unigram model of the same targets."""
        return math.exp(entropy(outcome.targets)) if outcome.targets else None


def _exponential(nats: float) -> float:
    return math.exp(nats) if nats < 700 else math.inf
