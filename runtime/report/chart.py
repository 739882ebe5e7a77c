"""Curves as SVG that stretch to any width, with axes in HTML so that their text keeps its size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..listeners.figures import count
from ..listeners.figures import figure as show
from .markup import Markup, element, join

WIDTH, HEIGHT = 1000.0, 1000.0
MOST_POINTS = 600

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Curve:
    """A named series; `style` is the class of its colour, `smooth` draws the raw one faint behind a smoothed one."""

    name: str
    points: Points
    style: str = "one"
    smooth: bool = False
    dots: bool = False
    spread: Sequence[tuple[float, float, float]] = ()
    """Places with the lower and the upper end of what was found there, drawn as bars."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A range that holds all values, with round ticks."""

    low: float
    high: float
    ticks: tuple[float, ...]

    @classmethod
    def of(cls, values: Sequence[float], ticks: int, tight: bool = False) -> Axis:
        """Choose a range and its ticks; `tight` is for counts: it ends at the last value, and ticks are whole."""
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        if low == high:
            pad = abs(low) / 2 or 0.5
            low, high = low - pad, high + pad
        step = _round_step((high - low) / ticks)
        if tight:
            step = math.ceil(step)
        else:
            low, high = math.floor(low / step) * step, math.ceil(high / step) * step
        first = math.ceil(low / step - 1e-9)
        last = math.floor(high / step + 1e-9)
        return cls(low, high, tuple(index * step for index in range(first, last + 1)))

    def place(self, value: float) -> float:
        """Give the place of a value along the axis, 0 to 1."""
        return (value - self.low) / (self.high - self.low)

    def text(self, tick: float) -> str:
        """Write a tick with as many places as tell it from its neighbours."""
        apart = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else self.high - self.low
        if apart >= 1000:
            return count(tick)
        places = max(0, -math.floor(math.log10(apart) + 1e-9))
        return f"{tick:.1e}" if places > 6 else f"{tick:,.{max(places, _places(apart))}f}"


def chart(
    title: str,
    curves: Sequence[Curve],
    *,
    x: str,
    name: str,
    best: float | None = None,
    marks: Sequence[float] = (),
    across: Axis | None = None,
) -> Markup:
    """Draw curves over one pair of axes. `name` says how values are written; `across` is the x axis, if not by their places.

    `best` marks a place on the x axis, `marks` are places where something was unusual.

    Values that aren't finite are left out and the line is broken there.
    """
    finite = [(a, b) for curve in curves for a, b in curve.points if math.isfinite(b)]
    if not finite:
        return Markup("")
    across = across or Axis.of([a for a, _ in finite], 5, tight=True)
    ends = [end for curve in curves for _, *both in curve.spread for end in both]
    up = Axis.of([*(b for _, b in finite), *ends], 4)
    drawn = [_grid(up), *(_draw(curve, across, up) for curve in curves)]
    if best is not None and across.low <= best <= across.high:
        at = round(across.place(best) * WIDTH, 1)
        drawn.append(element("line", class_="best", x1=at, x2=at, y1=0, y2=HEIGHT))
    for mark in marks:
        if across.low <= mark <= across.high:
            at = round(across.place(mark) * WIDTH, 1)
            drawn.append(element("line", class_="unusual", x1=at, x2=at, y1=0, y2=HEIGHT / 12))
    picture = element(
        "svg", drawn, viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}", preserveAspectRatio="none", role="img", aria_label=title
    )
    labels = [
        *(element("span", up.text(tick), class_="y", style=f"bottom:{up.place(tick):.2%}") for tick in up.ticks),
        *(
            element("span", across.text(tick), class_="x", style=f"left:{across.place(tick):.2%}")
            for tick in across.ticks
        ),
    ]
    legend = [
        element("span", element("i", class_=curve.style), curve.name, class_="key")
        for curve in curves
        if len(curves) > 1
    ]
    return element(
        "figure",
        element("figcaption", element("b", title), legend),
        element(
            "div", picture, labels, element("span", x, class_="unit"), _readings(curves, across, name), class_="plot"
        ),
        class_="chart",
    )


def smoothed(points: Points, span: int) -> list[tuple[float, float]]:
    """Smooth with an exponential average over about `span` points, without a start at zero."""
    keep = 1 - 1 / max(1, span)
    total = weight = 0.0
    result: list[tuple[float, float]] = []
    for at, value in points:
        if math.isfinite(value):
            total, weight = keep * total + value, keep * weight + 1
            value = total / weight
        result.append((at, value))
    return result


def thinned(points: Points, most: int = MOST_POINTS) -> list[tuple[float, float]]:
    """Keep the lowest and the highest of each bucket, so that a spike is never lost."""
    if len(points) <= most:
        return list(points)
    size = math.ceil(len(points) / (most // 2))
    kept: list[tuple[float, float]] = []
    for start in range(0, len(points), size):
        bucket = points[start : start + size]
        low, high = min(bucket, key=lambda point: point[1]), max(bucket, key=lambda point: point[1])
        kept += sorted({low, high})
    return kept


def _draw(curve: Curve, across: Axis, up: Axis) -> Markup:
    parts: list[Markup] = []
    if curve.smooth and len(curve.points) > 40:
        parts += _lines(thinned(curve.points), across, up, f"{curve.style} faint")
        parts += _lines(thinned(smoothed(curve.points, len(curve.points) // 40)), across, up, curve.style)
    else:
        parts += _lines(thinned(curve.points), across, up, curve.style)
    if curve.dots and len(curve.points) <= 100:
        for a, b in curve.points:
            if math.isfinite(b):
                at = _at(a, b, across, up)
                parts.append(element("path", class_=f"dot {curve.style}", d=f"M{at}h0"))
    for a, low, high in curve.spread:
        x = round(across.place(a) * WIDTH, 1)
        y1, y2 = (round((1 - up.place(end)) * HEIGHT, 1) for end in (low, high))
        parts.append(element("line", class_=f"spread {curve.style}", x1=x, x2=x, y1=y1, y2=y2))
    return join(parts)


def _lines(points: Points, across: Axis, up: Axis, style: str) -> list[Markup]:
    lines: list[Markup] = []
    run: list[str] = []
    for a, b in [*points, (0.0, math.nan)]:
        if math.isfinite(b):
            run.append(_at(a, b, across, up))
        elif run:
            lines.append(element("polyline", class_=style, points=" ".join(run)))
            run = []
    return lines


def _at(a: float, b: float, across: Axis, up: Axis) -> str:
    return f"{across.place(a) * WIDTH:.1f},{(1 - up.place(b)) * HEIGHT:.1f}"


def _grid(up: Axis) -> Markup:
    heights = [round((1 - up.place(tick)) * HEIGHT, 1) for tick in up.ticks]
    return join([element("line", class_="grid", x1=0, x2=WIDTH, y1=at, y2=at) for at in heights])


def _readings(curves: Sequence[Curve], across: Axis, name: str) -> Markup:
    """Give the values under the pointer, as data that the page's script reads."""
    import json

    data = [
        {
            "name": curve.name,
            "points": [[round(across.place(a), 4), f"{a:,.6g}", show(name, b)] for a, b in thinned(curve.points, 300)],
        }
        for curve in curves
    ]
    # "<" is written as an escape, so that no value can end the element.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return element("script", Markup(text), type="application/json")


def _places(step: float) -> int:
    """Give the decimal places of a round step: 0.25 has two."""
    text = f"{step:.6f}".rstrip("0")
    return len(text.partition(".")[2])


def _round_step(rough: float) -> float:
    size = 10.0 ** math.floor(math.log10(rough))
    return next(factor * size for factor in (1, 2, 2.5, 5, 10) if factor * size >= rough * (1 - 1e-9))
