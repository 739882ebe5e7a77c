"""Labels and predictions of an outcome, and the trivial classifier: always the commonest label."""

from __future__ import annotations

from collections import Counter

from ...work import Outcome


def pairs(outcome: Outcome) -> list[tuple[int, int]]:
    """Give (label, prediction) of each record."""
    return [(record["label"], record["prediction"]) for record in outcome.records]


def constant(outcome: Outcome) -> list[tuple[int, int]]:
    """Give (label, prediction) of each record as if the commonest label were predicted for all.

    Of labels that are equally common the first is taken.
    """
    labels = Counter(record["label"] for record in outcome.records)
    commonest = min(labels, key=lambda label: (-labels[label], label)) if labels else 0
    return [(record["label"], commonest) for record in outcome.records]
