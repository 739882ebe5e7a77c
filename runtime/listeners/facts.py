"""What the display knows of facts: metrics beside their references, and samples of text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def metrics_of(facts: Mapping[str, Any]) -> list[tuple[str, float, float | None]]:
    """Give the metrics among facts: name, value, and the reference that it must beat."""
    references = facts.get("references")
    beat = references if isinstance(references, Mapping) else {}
    metrics = facts.get("metrics")
    found = metrics.items() if isinstance(metrics, Mapping) else ()
    return [(name, number(given), _or_none(beat.get(name))) for name, given in found if is_number(given)]


def samples_of(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give the sample texts among facts, as pairs of what was given and what the model wrote."""
    samples = facts.get("samples")
    pairs = []
    for sample in samples if isinstance(samples, list | tuple) else ():
        if isinstance(sample, Mapping):
            prompt, text = str(sample.get("prompt", "")), str(sample.get("text", ""))
            pairs.append((prompt, text.removeprefix(prompt)))
        else:
            pairs.append(("", str(sample)))
    return pairs


def about(facts: Mapping[str, Any]) -> str:
    """Say in a few words what a task made; nothing where its metrics or samples are shown elsewhere."""
    from ..summary import summary

    return "" if facts.get("metrics") or facts.get("samples") else summary(facts)


NOT_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})
"""How numbers that aren't finite are recorded."""


def is_number(given: object) -> bool:
    """Tell whether a fact is a number, as it is or as it was recorded."""
    return (isinstance(given, int | float) and not isinstance(given, bool)) or given in NOT_FINITE


def number(given: Any) -> float:
    """Read a recorded number."""
    return float(given) if isinstance(given, str) else given


def _or_none(given: Any) -> float | None:
    return number(given) if is_number(given) else None
