"""How far the scores of a classifier can be believed, and where it was most wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..listeners.figures import value
from ..words import say
from .chart import HEIGHT, WIDTH
from .markup import Markup, element, join, with_code
from .record import TaskRecord
from .tables import readable, table

BINS = 15
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def calibration(task: TaskRecord) -> Markup | None:
    """Draw how often predictions of each score were right, over the line on which both are the same."""
    found = task.facts.get("calibration")
    if not isinstance(found, Mapping) or not found.get("bins"):
        return None
    bins = [(float(score), float(right), int(count)) for score, right, count in found["bins"]]
    count = sum(n for *_, n in bins)
    score, right = (sum(one[i] * one[2] for one in bins) / count for i in (0, 1))
    word = "over" if score > right else "under"
    values = {"error": f"{found['error']:.1%}", "score": f"{score:.1%}", "right": f"{right:.1%}"}
    said = element("p", with_code(say(f"report.calibration.{word}", **values)), class_="details")
    title = say("report.calibration.title")
    picture = element(
        "svg",
        [_bar(*one, count) for one in bins],
        element("line", class_="ideal", x1=0, y1=HEIGHT, x2=WIDTH, y2=0),
        viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
        preserveAspectRatio="none",
        role="img",
        aria_label=title,
    )
    labels = [
        *(element("span", f"{tick:g}", class_="y", style=f"bottom:{tick:.0%}") for tick in TICKS),
        *(element("span", f"{tick:g}", class_="x", style=f"left:{tick:.0%}") for tick in TICKS),
        element("span", say("report.calibration.score"), class_="unit"),
    ]
    figure = element(
        "figure",
        element("figcaption", element("b", title)),
        element("div", picture, labels, class_="plot"),
        class_="chart reliability",
    )
    return join(said, figure)


def _bar(score: float, right: float, size: int, count: int) -> Markup:
    """Draw a bin, the darker the more records it has."""
    low = max(math.ceil(score * BINS - 1e-9) - 1, 0) / BINS
    text = say("report.calibration.bin", score=f"{score:.1%}", right=f"{right:.1%}", count=f"{size:,}")
    return element(
        "rect",
        element("title", text),
        x=round(low * WIDTH + 4, 1),
        y=round((1 - right) * HEIGHT, 1),
        width=round(WIDTH / BINS - 8, 1),
        height=round(max(right * HEIGHT, 4), 1),
        style=f"opacity:{0.3 + 0.7 * math.sqrt(size / count):.2f}",
    )


def mistakes(task: TaskRecord) -> Markup | None:
    """List the records of whose wrong label the model was surest."""
    found = task.facts.get("mistakes")
    rows = [_mistake(one) for one in found if isinstance(one, Mapping)] if isinstance(found, list | tuple) else []
    if not rows:
        return None
    heads = [say(f"report.mistakes.{name}") for name in ("record", "text", "label", "prediction", "score")]
    return table(heads, rows, numbers=[0, 4], style="mistakes")


def _mistake(one: Mapping[str, Any]) -> list[object]:
    score = one.get("score")
    return [
        f"{int(one['record']) + 1:,}",
        readable(str(one["text"])),
        element("span", str(one["label"]), class_="truth"),
        element("span", str(one["prediction"]), class_="taken"),
        "" if score is None else value(float(score)),
    ]
