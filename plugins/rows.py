"""What is known of stored rows from their facts: how long they are, and how many make a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..dsl.quantities import Quantity
from .component import Facts


def training_split(splits: Mapping[str, Any]) -> str:
    """Give the split that trains; data without splits are nothing but training rows."""
    return "train" if "train" in splits else "rows"


def rows_drawn(sources: Sequence[Mapping[str, Any]]) -> list[float]:
    """Give how often rows of each source of a mixture are drawn, as weights.

    Shares are of tokens, so the rows of a source of short documents are drawn more often.
    """
    means = (source["tokens"] / (source["end"] - source["start"]) for source in sources)
    return [source["weight"] / mean for source, mean in zip(sources, means, strict=True)]


def tokens_per_row(facts: Facts, split: str) -> float:
    """Give the mean tokens of the rows that are drawn from a split, without padding."""
    sources = facts.get("sources", {}).get(split)
    if sources:
        return float(sum(source["weight"] for source in sources) / sum(rows_drawn(sources)))
    numbers = facts["splits"][split]
    return float(numbers["tokens"] / numbers["rows"])


def rows_per_step(batch: Quantity, row: float, rows: int) -> int:
    """Give the whole rows of `row` tokens that a global batch holds: at least one, at most all there are."""
    size = batch.magnitude / row if batch.dimension == "tokens" else batch.magnitude
    return max(1, min(int(size), rows))
