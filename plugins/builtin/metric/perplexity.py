"""The metric `perplexity`."""

from __future__ import annotations

import math
from typing import ClassVar

from ...values import Metric
from ...work import Outcome
from .unigram import entropy


class Perplexity(Metric):
    """Among how many tokens, as it were, the model is undecided: e to the mean loss a token.

    Compare it only between models with the same tokenizer.
    """

    name: ClassVar[str] = "perplexity"
    example: ClassVar[str] = "perplexity()"
    bounds: ClassVar[tuple[float | None, float | None]] = (1, None)
    needs: ClassVar[str] = "loss"
    higher_is_better: ClassVar[bool] = False

    def compute(self, outcome: Outcome) -> float:
        return _exponential(outcome.sums["loss"] / outcome.sums["count"])

    def reference(self, outcome: Outcome) -> float | None:
        """Give that of the unigram model of the same targets."""
        return math.exp(entropy(outcome.targets)) if outcome.targets else None


def _exponential(nats: float) -> float:
    return math.exp(nats) if nats < 700 else math.inf
