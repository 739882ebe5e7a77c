"""How sure a metric is: intervals by the bootstrap, and whether two models differ by more than chance.

Units (records or rows) are drawn with replacement, as many as there are, and the metric is computed of those drawn; the
middle 95 % of what comes out is the interval (the percentile bootstrap, Efron & Tibshirani 1993, chapter 13). Units that
belong together are drawn together. It says how much the metric would change with other rows of the same sort: nothing of
another seed of training, and nothing of rows of another sort.

Two models are compared on the same units. Their difference has an interval from draws that are the same for both. Its
p-value is that of approximate randomisation (Noreen 1989; Riezler & Maxwell 2005): if the models were alike, what each
did on a unit might as well have been done by the other, so both are exchanged at random and it is counted how often the
difference is as large as the one found. For accuracy that is McNemar's exact test.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..dsl.record import Record
from .values import Metric
from .work import Outcome

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

RESAMPLES = 1000
"""Draws of an interval; its ends then move by about a twentieth of its width."""
EXCHANGES = 4999
"""Exchanges of a p-value, so that 1 / 5,000 is the least one; a metric without statistics has RESAMPLES."""
LEVEL = 0.95

Interval = tuple[float, float]


class Difference(Record):
    """How much a metric of a second model is above that of a first one, on the same units."""

    value: float
    interval: Interval | None
    p: float | None
    """How often chance alone makes a difference as large as this."""
    units: int
    """How many there were to draw: groups, if units belong together."""


def interval(metric: Metric, outcome: Outcome, random: np.random.Generator) -> Interval | None:
    """Give the interval in which 95 of 100 drawings lie; None if rows can't be drawn again, or all of them are alike."""
    sample = _Sample(metric, [outcome])
    if sample.units < 2:
        return None
    return _middle([sample.drawn(draw)[0] for draw in _draws(sample.units, random)])


def compare(metric: Metric, first: Outcome, second: Outcome, random: np.random.Generator) -> Difference:
    """Compare two models that did the same units, in the same order."""
    sample = _Sample(metric, [first, second])
    one, two = (metric.compute(outcome) for outcome in (first, second))
    if sample.units < 2 or not math.isfinite(two - one):
        return Difference(two - one, None, None, sample.units)
    drawn = [sample.drawn(draw) for draw in _draws(sample.units, random)]
    exchanges = RESAMPLES - 1 if sample.statistics is None else EXCHANGES
    # A difference that is equal but for rounding counts as equal.
    least = abs(two - one) * (1 - 1e-9) - 1e-12
    as_large = sum(
        abs(b - a) >= least
        for a, b in (sample.exchanged(random.random(sample.units) < 0.5) for _ in range(exchanges))
        if math.isfinite(b - a)
    )
    return Difference(two - one, _middle([b - a for a, b in drawn]), (1 + as_large) / (1 + exchanges), sample.units)


def chance_of_means(first: Sequence[float], second: Sequence[float]) -> float:
    """Give how often chance alone makes means (over seeds) differ as much: the permutation test, exact where few are.

    Three seeds against three can't give less than 0.1, however far they lie apart.
    """
    import numpy as np

    both = np.array([*first, *second])
    size, total = len(first), float(both.sum())
    found = abs(total * size / len(both) - float(both[:size].sum())) * (1 - 1e-9) - 1e-12
    if math.comb(len(both), size) <= 4 * EXCHANGES:
        sums = np.array([both[list(chosen)].sum() for chosen in itertools.combinations(range(len(both)), size)])
        return float(np.mean(np.abs(total * size / len(both) - sums) >= found))
    random = np.random.default_rng(0)
    sums = np.array([random.permutation(both)[:size].sum() for _ in range(EXCHANGES)])
    return float((1 + np.sum(np.abs(total * size / len(both) - sums) >= found)) / (1 + EXCHANGES))


def _draws(units: int, random: np.random.Generator) -> Iterator[Array]:
    for _ in range(RESAMPLES):
        yield random.integers(units, size=units)


def _middle(values: Sequence[float]) -> Interval | None:
    """Give the ends of the middle 95 %; None where most draws have no value, or all the same."""
    import numpy as np

    finite = np.array([value for value in values if math.isfinite(value)])
    if len(finite) <= len(values) / 2 or finite.min() == finite.max():
        return None
    low, high = np.quantile(finite, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


class _Sample:
    """The units of one outcome, or of two that did the same, and the metric of what is drawn of them."""

    def __init__(self, metric: Metric, outcomes: Sequence[Outcome]) -> None:
        import numpy as np

        self.metric, self.outcomes = metric, outcomes
        groups = _groups(metric, outcomes[0])
        self.units = int(groups.max(initial=-1)) + 1
        given = [one for one in map(metric.statistics, outcomes) if one is not None]
        self.statistics: list[Array] | None = None
        if len(given) == len(outcomes):
            self.statistics = [np.zeros((self.units, one.shape[1])) for one in given]
            for sums, one in zip(self.statistics, given, strict=True):
                np.add.at(sums, groups, one)
        else:
            order = np.argsort(groups, kind="stable")
            self.members = np.split(order, np.cumsum(np.bincount(groups))[:-1]) if self.units else []

    def drawn(self, draw: Array) -> list[float]:
        """Give the metric of each outcome for units by their numbers, which may come several times."""
        import numpy as np

        if self.statistics is not None:
            times = np.bincount(draw, minlength=self.units).astype(np.float64)
            return [self.metric.of(times @ sums) for sums in self.statistics]
        members = np.concatenate([self.members[number] for number in draw])
        return [self.metric.compute(_taken(self.metric, outcome, members)) for outcome in self.outcomes]

    def exchanged(self, which: Array) -> list[float]:
        """Give the metric of both outcomes where they have exchanged some units."""
        import numpy as np

        if self.statistics is not None:
            first, second = self.statistics
            moved = which.astype(np.float64) @ (second - first)
            return [self.metric.of(first.sum(axis=0) + moved), self.metric.of(second.sum(axis=0) - moved)]
        chosen = np.zeros(sum(map(len, self.members)), dtype=bool)
        for number in np.flatnonzero(which):
            chosen[self.members[number]] = True
        first_, second_ = self.outcomes
        return [
            self.metric.compute(_mixed(self.metric, *both, chosen)) for both in ((first_, second_), (second_, first_))
        ]


def _groups(metric: Metric, outcome: Outcome) -> Array:
    """Give the number of the group of each unit, counted from 0 without gaps."""
    import numpy as np

    if metric.unit == "record":
        records: Sequence[Any] = [record.get("record") for record in outcome.records]
    elif "record" in outcome.by_row:
        records = outcome.by_row["record"].tolist()
    else:
        records = [None] * len(outcome.by_row.get("loss", ()))
    if outcome.groups is None or None in records:
        return np.arange(len(records))
    numbers: dict[Any, int] = {}
    return np.array([numbers.setdefault(outcome.groups[record], len(numbers)) for record in records], dtype=np.int64)


def _taken(metric: Metric, outcome: Outcome, members: Array) -> Outcome:
    """Give the outcome of some units alone."""
    if metric.unit == "record":
        return dataclasses.replace(outcome, records=[outcome.records[number] for number in members])
    return _of_rows(outcome, {name: values[members] for name, values in outcome.by_row.items()})


def _mixed(metric: Metric, outcome: Outcome, other: Outcome, chosen: Array) -> Outcome:
    """Give an outcome with some units of another one in their places."""
    import numpy as np

    if metric.unit == "record":
        both = zip(outcome.records, other.records, chosen, strict=True)
        return dataclasses.replace(outcome, records=[theirs if taken else own for own, theirs, taken in both])
    by_row = {name: np.where(chosen, other.by_row[name], values) for name, values in outcome.by_row.items()}
    return _of_rows(outcome, by_row)


def _of_rows(outcome: Outcome, by_row: dict[str, Array]) -> Outcome:
    sums = {name: float(values.sum()) for name, values in by_row.items() if name != "record"}
    return dataclasses.replace(outcome, sums={**sums, "rows": float(len(by_row["loss"]))}, by_row=by_row)
