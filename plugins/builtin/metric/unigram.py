"""The trivial language model: tokens by how often they occur, whatever stands before them."""

from __future__ import annotations

import math
from collections.abc import Mapping


def entropy(counts: Mapping[int, int]) -> float:
    """Give the mean negative log-likelihood, in nats, of targets under their own frequencies.

    No model that ignores the context does better on the same targets, so a useful one must be below it.
    """
    total = sum(counts.values())
    return -sum(count / total * math.log(count / total) for count in counts.values() if count)
