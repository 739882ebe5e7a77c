"""The tables of the report: tasks, results beside what they must beat, confusion matrices, samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ...dsl.diagnostics.words import visible
from ...plugins.numbers import is_number, number
from ..listeners.comparison import Comparison
from ..listeners.facts import Measured, metrics_of, samples_of
from ..listeners.figures import count, duration, value
from ..words import say
from .markup import Markup, element, join
from .record import RunRecord, TaskRecord


def table(
    heads: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[int] = (), style: str = ""
) -> Markup:
    """Make a table that scrolls within itself on a narrow screen; `numbers` are the columns set to the right."""
    style_of = dict.fromkeys(numbers, "number")
    head = [element("th", text, class_=style_of.get(i), scope="col") for i, text in enumerate(heads)]
    body = [element("tr", [element("td", cell, class_=style_of.get(i)) for i, cell in enumerate(row)]) for row in rows]
    inner = element("table", element("thead", element("tr", head)), element("tbody", body), class_=style or None)
    return element("div", inner, class_="scroll")


def tasks(record: RunRecord) -> Markup:
    """List the tasks of a run with what became of them."""
    rows = []
    for task in record.tasks.values():
        state = element("span", say(f"report.state.{task.state}"), class_=f"state {task.state}")
        label = element("span", task.label, class_="inner" if task.depth else None)
        seconds = "" if task.seconds is None else duration(task.seconds)
        why = [element("div", reason) for reason in task.reasons] if task.state != "stored" else []
        rows.append([state, task.kind, label, task.summary, seconds, why])
    heads = [say(f"report.tasks.{name}") for name in ("state", "kind", "name", "summary", "time", "why")]
    return table(heads, rows, numbers=[4], style="tasks")


def results(record: RunRecord) -> Markup | None:
    """List the metrics of the evals, each with its interval and beside its reference."""
    rows = [
        [
            task.label,
            one.title,
            element("b", value(one.value)),
            one.range,
            "" if one.reference is None else value(one.reference),
            one.verdict,
            _bar(one),
        ]
        for task in record.tasks.values()
        for one in metrics_of(task.facts)
    ]
    if not rows:
        return None
    heads = [say(f"report.results.{name}") for name in ("eval", "metric", "value", "interval", "reference")]
    return table([*heads, "", ""], rows, numbers=[2, 3, 4], style="results")


def expectations(record: RunRecord) -> Markup | None:
    """List what the file expects, and what came out."""
    rows = [
        [
            element("span", say(f"cli.expects.{one.state}"), class_=f"state {one.state}"),
            one.name,
            element("code", one.shown),
            one.reason or "",
        ]
        for one in record.expects
    ]
    if not rows:
        return None
    return table(["", say("report.expects.name"), say("report.expects.value"), ""], rows)


def comparison(found: Comparison) -> Markup:
    """List the trials of a sweep, best first."""
    rows = [
        [
            "★" if row.best else "",
            *row.params,
            "–" if row.mean is None else element("b", value(row.mean)),
            "" if row.deviation is None else f"± {value(row.deviation)}",
            row.note,
        ]
        for row in found.rows
    ]
    at = len(found.params) + 1
    return table(["", *found.params, found.title, "", ""], rows, numbers=[at, at + 1], style="trials")


def samples(task: TaskRecord) -> Markup | None:
    """Show the texts that a model wrote, their prompts marked."""
    pairs = samples_of(task.facts)
    if not pairs:
        return None
    return join(
        [
            element("blockquote", element("b", readable(prompt)), readable(text), class_="sample")
            for prompt, text in pairs
        ]
    )


MOST_SAMPLED = 16
"""Steps whose samples are shown, spread over all."""


def sampled(task: TaskRecord) -> Markup | None:
    """Show what a model wrote while it was trained, step by step."""
    if not task.sampled:
        return None
    last = len(task.sampled) - 1
    most = min(MOST_SAMPLED, len(task.sampled))
    chosen = [task.sampled[round(last * i / max(most - 1, 1))] for i in range(most)]
    rows = [
        [f"{step:,}", [element("p", element("b", readable(prompt)), readable(text)) for prompt, text in pairs]]
        for step, pairs in chosen
    ]
    heads = [say("report.curve.step"), say("report.sampled")]
    return table(heads, rows, numbers=[0], style="sampled")


def confusion(task: TaskRecord) -> Markup | None:
    """Show how often each label was taken for each; a cell is as dark as its share of the row."""
    matrix = task.facts.get("confusion")
    if not isinstance(matrix, Mapping):
        return None
    labels = [str(label) for label in matrix["labels"]]
    rows = []
    for label, counts in zip(labels, matrix["counts"], strict=True):
        total = sum(counts) or 1
        cells = [
            element(
                "td",
                f"{times:,}",
                class_="hit" if name == label else "miss",
                style=f"--share:{times / total:.3f}",
                title=f"{label} → {name}: {times / total:.1%}",
            )
            for name, times in zip(labels, counts, strict=True)
        ]
        rows.append(element("tr", element("th", label, scope="row"), cells))
    corner = element("th", say("report.confusion.corner"), class_="corner")
    head = element("tr", corner, [element("th", label, scope="col") for label in labels])
    return element(
        "div", element("table", element("thead", head), element("tbody", rows), class_="confusion"), class_="scroll"
    )


STAGE_FACTS = (
    ("parameters", count), ("trained_parameters", count), ("loss", value), ("last_loss", value), ("steps", "{:,}".format),
    ("epochs", "{:.3g}".format), ("tokens", count), ("best_step", "{:,}".format), ("stopped", str), ("rows", "{:,}".format),
)  # fmt: skip
"""The facts that are shown in a few words, and how."""


def facts(task: TaskRecord) -> Markup | None:
    """Show the figures of a task that say how large and how long it was."""
    shown = []
    for name, write in STAGE_FACTS:
        fact = task.facts.get(name)
        if name == "trained_parameters" and fact == task.facts.get("parameters"):
            continue
        if fact is not None and (write is str or is_number(fact)):
            shown.append(
                element(
                    "div",
                    element("dt", say(f"report.fact.{name}")),
                    element("dd", write(fact if write is str else number(fact))),
                )
            )
    return element("dl", shown, class_="facts") if shown else None


def _bar(one: Measured) -> Markup | None:
    """Draw a metric between 0 and 1 as a bar, its interval as a line, with a mark where its reference stands."""
    if not 0 <= one.value <= 1 or (one.reference is not None and not 0 <= one.reference <= 1):
        return None
    mark = span = None
    if one.reference is not None:
        mark = element("i", style=f"left:{one.reference:.2%}", title=say("report.results.reference"))
    if one.interval is not None:
        low, high = (min(max(end, 0.0), 1.0) for end in one.interval)
        span = element("u", style=f"left:{low:.2%};width:{high - low:.2%}", title=f"95 % {one.range}")
    return element("div", element("b", style=f"width:{one.value:.2%}"), span, mark, class_="bar")


def readable(text: str) -> str:
    """Write control characters as codes; a model may write any."""
    return "\n".join(visible(line) for line in text.split("\n"))
