"""Learning curves: what sweeps were judged by, over a number that they try, such as the share of the labels."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...plugins.numbers import is_number
from ..listeners.facts import ARROWS
from ..listeners.figures import value
from ..words import say
from .chart import Axis, Curve, chart
from .curves import STYLES
from .markup import Markup, element, join
from .record import TaskRecord

_FEWEST = 3
"""Values of a param that make a curve."""
_WIDE = 20.0
"""From this ratio on between the largest and the smallest value, steps of the axis are factors."""


@dataclass(frozen=True, slots=True)
class Factors(Axis):
    """An axis whose equal steps are equal factors, marked at the values that were tried."""

    @classmethod
    def over(cls, values: Iterable[float]) -> Factors:
        """Make the axis of positive values."""
        ticks = tuple(sorted(set(values)))
        return cls(ticks[0], ticks[-1], ticks)

    def place(self, value: float) -> float:
        return math.log(value / self.low) / math.log(self.high / self.low)

    def text(self, tick: float) -> str:
        return value(tick)


Line = tuple[str, list[tuple[float, float]], list[tuple[float, float, float]]]
"""A name, the means by place, and places with the ends of what the seeds spread over."""


def learning(tasks: Iterable[TaskRecord]) -> Markup | None:
    """Draw a picture for each number that sweeps try and each metric that they are judged by, a line a setting.

    Sweeps that try the same number and are judged by the same metric share a picture, so that what was pre-trained stands
    beside what wasn't. Bars are one standard deviation over the seeds, each way.
    """
    pictures: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for task in tasks:
        sweep = task.facts.get("sweep")
        if isinstance(sweep, Mapping) and sweep.get("rows"):
            metric = str(sweep["objective"]).rpartition(".")[2]
            for param in _numeric(sweep["rows"]):
                pictures[param, metric, str(sweep["better"])] += _lines(task.label, sweep["rows"], param)
    drawn = [_picture(*key, lines) for key, lines in pictures.items()]
    if not drawn:
        return None
    about = element("p", say("report.learning.about"), class_="details")
    return join(about, element("div", drawn, class_="charts"))


def _numeric(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    """Give the params that take several numbers."""
    for param in rows[0]["params"]:
        values = {row["params"].get(param) for row in rows}
        if all(is_number(value) for value in values) and len(values) >= _FEWEST:
            yield param


def _lines(label: str, rows: list[Mapping[str, Any]], param: str) -> list[Line]:
    """Give a line for each setting of the other params."""
    settings: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        others = [f"{name} = {given}" for name, given in row["params"].items() if name != param]
        settings[", ".join([label, *others])].append(row)
    lines = []
    for name, members in settings.items():
        found = sorted((float(row["params"][param]), row) for row in members if row["mean"] is not None)
        means = [(at, row["mean"]) for at, row in found]
        spread = [
            (at, row["mean"] - row["deviation"], row["mean"] + row["deviation"])
            for at, row in found
            if row["deviation"] is not None
        ]
        lines.append((name, means, spread))
    return lines


def _picture(param: str, metric: str, better: str, lines: list[Line]) -> Markup:
    curves = [
        Curve(name, means, STYLES[number % len(STYLES)], dots=True, spread=spread)
        for number, (name, means, spread) in enumerate(lines)
    ]
    places = [at for _, means, _ in lines for at, _ in means]
    wide = bool(places) and min(places) > 0 and max(places) / min(places) >= _WIDE
    title = f"{metric} {ARROWS.get(better, '')}".rstrip()
    return chart(title, curves, x=param, name=metric, across=Factors.over(places) if wide else None)
