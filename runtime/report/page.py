"""The report of a run: one HTML file that needs nothing else and asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import math
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from ...dsl.diagnostics.words import language
from ..listeners.comparison import comparison_of
from ..listeners.figures import duration, value
from ..literals import shown
from ..words import say
from . import tables
from .chart import Curve, chart
from .classifier import calibration, mistakes
from .curves import curves
from .fit import fit
from .learning import learning
from .listing import listing
from .markup import Markup, element, join
from .record import RunRecord, TaskRecord
from .strips import strips

Sections = Iterable[tuple[str, str]]
"""Sections of plugins: a heading and HTML, which is put in as it is."""


def page(record: RunRecord, sections: Sections = ()) -> str:
    """Make the report of a run."""
    here = Path(__file__).parent
    style = here.joinpath("report.css").read_text(encoding="utf-8")
    script = here.joinpath("report.js").read_text(encoding="utf-8")
    title = say("report.title", experiment=record.experiment, run=record.run)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Markup(style)),
    )
    body = element("body", element("main", header(record), *parts(record, sections)), element("script", Markup(script)))
    return f"<!doctype html>\n{element('html', head, body, lang=language())}\n"


def header(record: RunRecord) -> Markup:
    """Say what was run, when, with what, and how it ended."""
    ran = sum(task.state == "ran" for task in record.tasks.values())
    stored = sum(task.state == "stored" for task in record.tasks.values())
    tiles = [
        (say("report.head.state"), element("span", say(f"report.run.{record.state}"), class_=f"state {record.state}")),
        (say("report.head.time"), "–" if record.seconds is None else duration(record.seconds)),
        (say("report.head.tasks"), say("report.head.tasks_of", ran=ran, stored=stored)),
    ]
    if record.started is not None:
        tiles.insert(1, (say("report.head.started"), time.strftime("%Y-%m-%d %H:%M", time.localtime(record.started))))
    details = [say("report.head.file", file=record.file), say("report.head.run", run=record.run)]
    details += [version if name == "platform" else f"{name} {version}" for name, version in record.versions.items()]
    params = [element("code", f"{name} = {shown(given)}") for name, given in record.params.items()]
    return element(
        "header",
        element("h1", record.experiment),
        element("p", " · ".join(details), class_="details"),
        element("p", params, class_="params") if params else None,
        element(
            "dl", [element("div", element("dt", name), element("dd", text)) for name, text in tiles], class_="tiles"
        ),
        [element("p", note, class_="note") for note in record.notes],
    )


def parts(record: RunRecord, sections: Sections) -> list[Markup]:
    """Give the sections of the report that have something to say."""
    found = [
        _section(say("report.failure"), [_failure(task) for task in record.tasks.values() if task.failure]),
        _section(say("report.results"), tables.results(record)),
        _section(say("report.expects"), tables.expectations(record)),
        *(_sweep(task) for task in record.tasks.values()),
        _section(say("report.learning"), learning(record.tasks.values())),
        *(_range(task) for task in record.tasks.values()),
        *(
            _section(say("report.confusion", label=task.label), tables.confusion(task))
            for task in record.tasks.values()
        ),
        *(_section(say("report.calibration", label=task.label), calibration(task)) for task in record.tasks.values()),
        *(_section(say("report.mistakes", label=task.label), mistakes(task)) for task in record.tasks.values()),
        *(_section(say("report.samples", label=task.label), tables.samples(task)) for task in record.tasks.values()),
        *(_stage(task) for task in record.tasks.values()),
        *(_section(heading, Markup(html)) for heading, html in sections),
        _section(say("report.tasks"), tables.tasks(record)),
        _section(say("report.experiment"), listing(record.text) if record.text is not None else None),
    ]
    return [part for part in found if part is not None]


def _stage(task: TaskRecord) -> Markup | None:
    if not task.steps and not task.validations:
        return None
    notes = [element("p", note, class_="note") for note in task.notes]
    best = None
    if task.best_step is not None:
        at = dict(task.validations).get(task.best_step, {})
        losses = f" ({value(at['validation_loss'])})" if "validation_loss" in at else ""
        best = element("p", say("report.best", step=f"{task.best_step:,}") + losses, class_="details")
    figures = element("div", curves(task), class_="charts")
    shown = join(tables.facts(task), best, fit(task), _spikes(task), figures, notes, tables.sampled(task))
    return _section(join(element("small", task.kind), task.label), shown)


def _spikes(task: TaskRecord) -> Markup | None:
    """Say at which steps the loss was far beyond what is usual."""
    spikes = task.facts.get("spikes")
    if not isinstance(spikes, Mapping):
        return None
    steps = ", ".join(f"{step:,}" for step in spikes["steps"][:12])
    return element("p", say("report.spikes", count=spikes["count"], steps=steps), class_="details")


def _sweep(task: TaskRecord) -> Markup | None:
    """Compare the trials of a sweep, in a picture and a table."""
    found = comparison_of(task.facts)
    if found is None:
        return None
    return _section(say("report.sweep", label=task.label), join(strips(found), tables.comparison(found)))


def _range(task: TaskRecord) -> Markup | None:
    """Draw the losses of a range test over its learning rates, and the one that was taken."""
    taken, found = task.facts.get("range"), task.facts.get("lr")
    if not taken or not isinstance(found, float):
        return None
    points = [(math.log10(rate), loss) for rate, loss in taken]
    curve = Curve(say("report.curve.train"), points, "one")
    picture = chart(say("report.curve.loss"), [curve], x=say("report.range.axis"), name="range", best=math.log10(found))
    said = element("p", say("report.range.found", lr=value(found)), class_="details")
    return _section(say("report.range", label=task.label), join(said, element("div", picture, class_="charts")))


def _failure(task: TaskRecord) -> Markup:
    return element("p", element("b", f"{task.kind} {task.label}: "), task.failure, class_="failure")


def _section(heading: object, content: object) -> Markup | None:
    return element("section", element("h2", heading), content) if content else None


def _policy(script: str) -> str:
    """Allow the page's own script and styles, and nothing from anywhere else."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"
