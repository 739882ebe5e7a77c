"""The trials of a sweep as a picture: a strip for each setting, with a dot for each seed and a bar at the mean."""

from __future__ import annotations

import math

from ..listeners.comparison import Comparison, Row
from ..listeners.figures import value
from .chart import HEIGHT, WIDTH, Axis
from .markup import Markup, element


def strips(found: Comparison) -> Markup | None:
    """Draw the values of all settings over one axis, the best one in another colour; None if there is none."""
    values = [number for row in found.rows for number in row.values if math.isfinite(number)]
    if not values:
        return None
    across = Axis.of(values, 5)
    ticks = [
        element("span", across.text(tick), class_="x", style=f"left:{across.place(tick):.2%}") for tick in across.ticks
    ]
    head = element("figcaption", element("b", found.title))
    rows = [_strip(row, across) for row in found.rows if row.values]
    return element("figure", head, rows, element("div", ticks, class_="ticks"), class_="strips")


def _strip(row: Row, across: Axis) -> Markup:
    lines = [
        element("line", class_="grid", x1=at, x2=at, y1=0, y2=HEIGHT)
        for at in (round(across.place(tick) * WIDTH, 1) for tick in across.ticks)
    ]
    dots = [
        element("path", class_="dot one", d=f"M{across.place(one) * WIDTH:.1f},{HEIGHT / 2:g}h0")
        for one in row.values
        if math.isfinite(one)
    ]
    mean = None
    if row.mean is not None and len(row.values) > 1:
        at = round(across.place(row.mean) * WIDTH, 1)
        mean = element("line", class_="mean two", x1=at, x2=at, y1=HEIGHT / 5, y2=HEIGHT * 4 / 5)
    title = f"{row.label}: {', '.join(value(one) for one in row.values)}"
    box = f"0 0 {WIDTH:g} {HEIGHT:g}"
    picture = element("svg", lines, dots, mean, viewBox=box, preserveAspectRatio="none", role="img", aria_label=title)
    style = "strip best" if row.best else "strip"
    return element("div", element("span", row.label), element("div", picture, title=title), class_=style)
