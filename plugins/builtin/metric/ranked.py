"""Metrics of how well scores put the records that have a label before those that haven't."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from ...work import Outcome
from .labels import by_label, scores


def each_label(outcome: Outcome, function: Callable[[Any, Any], float]) -> Mapping[str, float]:
    """Apply a function of (has the label, score) to each label that some records have and others don't."""
    if not outcome.records:
        return {}
    has, given = scores(outcome)
    numbers = [number for number in range(has.shape[1]) if 0 < has[:, number].sum() < len(has)]
    values = [float(function(has[:, number], given[:, number])) for number in numbers]
    return by_label(outcome, values, numbers)


def mean(values: Mapping[str, float]) -> float:
    """Give the mean over the labels; nan if there are none."""
    return sum(values.values()) / len(values) if values else math.nan
