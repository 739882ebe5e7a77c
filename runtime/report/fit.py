"""Whether a stage overfits or underfits, in words, and the gap between its losses as a picture."""

from __future__ import annotations

from collections.abc import Mapping

from ..fitting import verdict
from ..words import say, say_text
from .chart import Curve, chart
from .markup import Markup, element, with_code
from .record import TaskRecord


def fit(task: TaskRecord) -> Markup | None:
    """Say what the curve of a stage comes to, why, and what in the file to change."""
    curve = task.facts.get("curve")
    if not isinstance(curve, list | tuple) or not curve:
        return None
    found = verdict(curve, _trivial(task.facts), task.facts.get("stopped") == "patience")
    reasons = [element("li", with_code(_sentence(say_text(text)))) for text in (*found.reasons, *found.advice)]
    head = element("b", say(f"report.fit.{found.word}"))
    return element("div", element("p", head), element("ul", reasons), class_=f"fit {found.word}")


def gap(task: TaskRecord) -> Markup:
    """Draw how far the validation loss lies above the training loss."""
    curve = task.facts.get("curve")
    rows = curve if isinstance(curve, list | tuple) else []
    points = [
        (float(row[0]), float(row[2]) - float(row[1]))
        for row in rows
        if len(row) > 2 and row[1] is not None and row[2] is not None
    ]
    if len(points) < 2:
        return Markup("")
    title = say("report.curve.gap")
    drawn = [Curve(title, points, "four", dots=True)]
    return chart(title, drawn, x=say("report.curve.step"), name="gap", best=task.best_step)


def _trivial(facts: Mapping[str, object]) -> float | None:
    given = facts.get("trivial_loss")
    return float(given) if isinstance(given, int | float) else None


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
