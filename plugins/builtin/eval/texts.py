"""Texts that an evaluation shows: some of those that were written, beside what they should have been."""

from __future__ import annotations

from typing import Any

from ...work import Outcome
from ...writing import Writing

SAMPLES = 20


def written(outcome: Outcome, writes: Writing | None) -> list[dict[str, Any]] | None:
    """Give records from all over the rows: what each was written from, the text, and what it was held against."""
    if writes is None or not outcome.records or "target" not in outcome.records[0]:
        return None
    step = max(len(outcome.records) // SAMPLES, 1)
    return [
        {
            "prompt": record["source"],
            "text": record["prediction"],
            "target": record["target"],
            "shown": writes.shown(record["source"]),
        }
        for record in outcome.records[::step][:SAMPLES]
    ]
