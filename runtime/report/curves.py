"""The pictures of a stage: its losses, and beneath them all else that was measured while it trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..words import say
from .chart import Curve, chart
from .fit import gap
from .markup import Markup
from .record import TaskRecord

STYLES = ("one", "two", "three", "four", "five", "six")
OF_LOSS = ("loss", "validation_loss")
GROUPS = {"loss/": "report.curve.by_source", "ms_": "report.curve.time"}
"""Beginnings of the names of figures that are drawn together, and the title above them."""

KNOWN = ("lr", "gradient_norm", "skipped_steps", "update_ratio", "tokens_per_second", "mfu", "memory_bytes")
"""Figures that have a name in the reader's language; they are drawn last, in this order."""

SCALED = {"mfu": 100.0, "memory_bytes": 1e-9}
"""What makes the units that the titles name of figures."""

NOT_DRAWN = frozenset({"epoch", "epochs"})
"""Figures that say nothing that the axis of steps doesn't."""

Source = Sequence[tuple[int, Mapping[str, float]]]


def curves(task: TaskRecord) -> list[Markup]:
    """Draw the curves of a stage: what belongs together over one pair of axes, each other figure on its own."""
    measured = dict.fromkeys(name for _, figures in task.validations for name in figures)
    names = dict.fromkeys([*measured, *task.figures])
    drawn = [_losses(task), gap(task)]
    single = [name for name in names if name not in OF_LOSS and name not in NOT_DRAWN and not _group(name)]
    for name in sorted(single, key=_rank):
        both = [
            Curve(say("report.curve.train"), _of(name, task.steps), "one", smooth=name not in KNOWN),
            Curve(say("report.curve.validation"), _of(name, task.validations), "two", dots=True),
        ]
        best = task.best_step if name in measured else None
        drawn.append(_chart(say(f"report.curve.{name}") if name in KNOWN else name, both, name, best))
    drawn += [_together(task, beginning, [name for name in names if _group(name) == beginning]) for beginning in GROUPS]
    return [figure for figure in drawn if figure]


def _losses(task: TaskRecord) -> Markup:
    both = [
        Curve(say("report.curve.train"), _of("loss", task.steps), "one", smooth=True),
        Curve(say("report.curve.validation"), _of("validation_loss", task.validations), "two", dots=True),
    ]
    spikes = task.facts.get("spikes")
    marks = spikes["steps"] if isinstance(spikes, Mapping) else ()
    return _chart(say("report.curve.loss"), both, "loss", task.best_step, marks)


def _together(task: TaskRecord, beginning: str, names: Sequence[str]) -> Markup:
    """Draw figures whose names begin alike over one pair of axes."""
    drawn = [
        Curve(_member(name.removeprefix(beginning), beginning), _of(name, task.steps), STYLES[number % len(STYLES)])
        for number, name in enumerate(names)
    ]
    return _chart(say(GROUPS[beginning]), drawn, beginning, None)


def _member(name: str, beginning: str) -> str:
    return say(f"report.time.{name}") if beginning == "ms_" else name


def _chart(title: str, given: Sequence[Curve], name: str, best: float | None, marks: Sequence[float] = ()) -> Markup:
    shown = [curve for curve in given if curve.points]
    unit = "" if name in SCALED else name  # a title that names the unit leaves the bare number
    return chart(title, shown, x=say("report.curve.step"), name=unit, best=best, marks=marks)


def _of(name: str, source: Source) -> list[tuple[float, float]]:
    scale = SCALED.get(name, 1.0)
    return [(float(step), scale * figures[name]) for step, figures in source if name in figures]


def _group(name: str) -> str | None:
    return next((beginning for beginning in GROUPS if name.startswith(beginning)), None)


def _rank(name: str) -> int:
    return KNOWN.index(name) + 1 if name in KNOWN else 0
