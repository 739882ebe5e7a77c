"""Texts that an evaluation shows: some of those that were written, beside what they should have been."""

from __future__ import annotations

from typing import Any

from ...values import Objective
from ...work import Outcome

SAMPLES = 20


def written(outcome: Outcome, objective: Objective) -> list[dict[str, Any]] | None:
    """Give records from all over the rows: what each was written from, the text, and what it was held against."""
    if not outcome.records or "target" not in outcome.records[0]:
        return None
    step = max(len(outcome.records) // SAMPLES, 1)
    return [
        {
            "prompt": record["source"],
            "text": record["prediction"],
            "target": record["target"],
            "shown": objective.shown(record["source"]),
        }
        for record in outcome.records[::step][:SAMPLES]
    ]
