"""What the display knows of facts: metrics beside their references, and samples of text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...plugins.numbers import is_number, number
from .figures import value

ARROWS = {"higher": "↑", "lower": "↓"}


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric's value, the reference that it must beat, and which way is better (higher, lower, or not known)."""

    name: str
    value: float
    reference: float | None
    better: str | None
    interval: tuple[float, float] | None = None
    """Within which 95 % of what other rows of the same sort would give lies."""

    @property
    def title(self) -> str:
        """Give the name with an arrow to where the better values are."""
        return f"{self.name} {ARROWS[self.better]}" if self.better in ARROWS else self.name

    @property
    def verdict(self) -> str:
        """Give ✓ if the reference is beaten, ✗ if it isn't, ≈ if it lies within the interval; nothing where none can be said."""
        if self.reference is None or self.better not in ARROWS:
            return ""
        if self.interval is not None and self.interval[0] <= self.reference <= self.interval[1]:
            return "≈"
        beaten = self.value > self.reference if self.better == "higher" else self.value < self.reference
        return "✓" if beaten else "✗"

    @property
    def range(self) -> str:
        """Write the interval: `[0.8012, 0.8391]`; nothing if there is none."""
        return "" if self.interval is None else f"[{value(self.interval[0])}, {value(self.interval[1])}]"


def metrics_of(facts: Mapping[str, Any]) -> list[Measured]:
    """Give the metrics among facts."""
    named = ("metrics", "references", "better", "intervals")
    metrics, beat, better, intervals = (_mapping(facts.get(name)) for name in named)
    return [
        Measured(name, number(given), _or_none(beat.get(name)), better.get(name), _ends(intervals.get(name)))
        for name, given in metrics.items()
        if is_number(given)
    ]


def samples_of(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give the sample texts among facts, as pairs of what was given and what the model wrote."""
    samples = facts.get("samples")
    pairs = []
    for sample in samples if isinstance(samples, list | tuple) else ():
        if isinstance(sample, Mapping):
            prompt, text = str(sample.get("shown", sample.get("prompt", ""))), str(sample.get("text", ""))
            pairs.append((prompt, text.removeprefix(prompt)))
        else:
            pairs.append(("", str(sample)))
    return pairs


def about(facts: Mapping[str, Any]) -> str:
    """Say in a few words what a task made; nothing where its metrics or samples are shown elsewhere."""
    from ..summary import summary

    return "" if facts.get("metrics") or facts.get("samples") else summary(facts)


def _mapping(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, Mapping) else {}


def _ends(given: Any) -> tuple[float, float] | None:
    if isinstance(given, list | tuple) and len(given) == 2 and all(map(is_number, given)):
        return number(given[0]), number(given[1])
    return None


def _or_none(given: Any) -> float | None:
    return number(given) if is_number(given) else None
