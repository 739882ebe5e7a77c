"""Whether two evaluations differ by more than noise: their metrics side by side, in pairs where both did the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ..dsl.diagnostics.model import Text
from ..dsl.record import Record
from ..plugins.intervals import Difference, chance_of_means, compare
from ..plugins.outcomes import OUTCOME, Stored, read_outcome
from ..plugins.registry import Registry
from ..plugins.schema import python_name_of
from ..plugins.values import Metric
from .listeners.comparison import Row, comparison_of
from .listeners.facts import Measured, metrics_of
from .store import Damaged, Store

SIGNIFICANT = 0.05
"""A difference that chance makes less often than this is said to be more than noise."""

Word = Literal["better", "worse", "noise", "unclear", "incomparable"]
"""What the second one is: better or worse by more than noise, no more than noise, or why neither can be said."""


class Compared(Record):
    """A metric of two evaluations. Without a difference they are not in pairs, and `reason` says why."""

    name: str
    title: str
    first: Measured | None
    second: Measured | None
    difference: Difference | None
    word: Word
    reason: Text | None = None


class Means(Record):
    """The means over seeds of what a sweep measured, in two runs."""

    sweep: str
    title: str
    label: str
    first: Row
    second: Row
    p: float | None
    word: Word


class Side(Record):
    """An evaluation of a run: what it measured, and what was stored of it."""

    facts: Mapping[str, Any]
    stored: Stored | None
    reason: Text | None = None
    """Why there is nothing stored to pair."""


def side_of(store: Store, fingerprint: str, facts: Mapping[str, Any]) -> Side:
    """Open what an evaluation stored."""
    try:
        artifact = store.find(fingerprint)
        if artifact is None or OUTCOME not in artifact.files:
            return Side(facts, None, Text("diff.not_stored"))
        return Side(facts, read_outcome(artifact.directory))
    except (Damaged, OSError, ValueError, KeyError) as error:
        return Side(facts, None, Text("diff.damaged", {"reason": str(error)}))


def compared(first: Side, second: Side, registry: Registry) -> list[Compared]:
    """Compare all metrics of two evaluations."""
    one, two = ({metric.name: metric for metric in metrics_of(side.facts)} for side in (first, second))
    return [_compared(name, one.get(name), two.get(name), (first, second), registry) for name in {**one, **two}]


def _compared(
    name: str, one: Measured | None, two: Measured | None, sides: tuple[Side, Side], registry: Registry
) -> Compared:
    known = one or two
    assert known is not None, "it is a metric of one of them"
    if one is None or two is None:
        return Compared(name, known.title, one, two, None, "incomparable", Text("diff.only_one"))
    metric, reason = _pairable(name, sides, registry)
    if reason is not None and reason.key == "diff.tokens":
        return Compared(name, one.title, one, two, None, "incomparable", reason)
    if metric is None or reason is not None:
        return Compared(name, one.title, one, two, None, _by_intervals(one, two), reason)
    import numpy as np

    first, second = (side.stored.outcome for side in sides if side.stored is not None)
    found = compare(metric, first, second, np.random.default_rng(0))
    return Compared(name, one.title, one, two, found, _word(found.value, found.p, one.better))


def _pairable(name: str, sides: tuple[Side, Side], registry: Registry) -> tuple[Metric | None, Text | None]:
    """Give the metric if both did the same units in the same order, or else why there are no pairs."""
    for side in sides:
        if side.reason is not None:
            return None, side.reason
    first, second = (side.stored for side in sides)
    assert first is not None
    assert second is not None
    forms = [next((form for form in one.metrics if form["name"].endswith(f":{name}")), None) for one in (first, second)]
    metric = _metric(forms[0], name, registry)
    if metric is None or forms[0] != forms[1]:
        return None, Text("diff.metric_unknown" if forms[0] == forms[1] else "diff.metric_differs", {"metric": name})
    if first.measured_on != second.measured_on:
        return None, Text("diff.other_data")
    one, two = first.outcome, second.outcome
    if metric.unit == "record":
        if one.facts.get("labels") != two.facts.get("labels"):
            return None, Text("diff.other_labels")
        alike = [record.get("record") for record in one.records] == [record.get("record") for record in two.records]
        return metric, None if alike else Text("diff.other_rows")
    counts = [outcome.by_row["count"].tolist() for outcome in (one, two) if "count" in outcome.by_row]
    if len(counts) == 2 and counts[0] == counts[1]:
        return metric, None
    totals = {"first": f"{one.sums.get('count', 0):,.0f}", "second": f"{two.sums.get('count', 0):,.0f}"}
    # A loss a token means nothing where the same text is another number of tokens.
    apart = metric.needs == "loss" and totals["first"] != totals["second"]
    return None, Text("diff.tokens" if apart else "diff.other_rows", totals if apart else {})


def _metric(form: Mapping[str, Any] | None, name: str, registry: Registry) -> Metric | None:
    """Make a metric again from what was stored of it."""
    # A plugin's has a prefix in a file, and none in what is stored.
    of = next((one.of for one in registry.components("metric").values() if one.of.name == name), None)
    if form is None or of is None:
        return None
    try:
        made = of(**{python_name_of(of, word): value for word, value in form["fields"].items()})
    except (TypeError, ValueError):
        return None
    return made if isinstance(made, Metric) else None


def _word(difference: float, p: float | None, better: str | None) -> Word:
    if p is None or better is None:
        return "unclear"
    if p >= SIGNIFICANT:
        return "noise"
    return "better" if (difference > 0) == (better == "higher") else "worse"


def _by_intervals(one: Measured, two: Measured) -> Word:
    """Judge two that are not in pairs: only intervals that lie apart show a difference."""
    if one.interval is None or two.interval is None:
        return "unclear"
    apart = one.interval[1] < two.interval[0] or two.interval[1] < one.interval[0]
    return _word(two.value - one.value, 0.0, one.better) if apart else "unclear"


def means(label: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Means]:
    """Compare the trials of one sweep in two runs: those of equal params, or else the best ones."""
    one, two = comparison_of(first), comparison_of(second)
    if one is None or two is None or one.objective != two.objective or one.better != two.better:
        return []
    theirs = {row.label: row for row in two.rows}
    pairs = [(row, theirs[row.label]) for row in one.rows if row.label in theirs] or [(one.rows[0], two.rows[0])]
    found = []
    for a, b in pairs:
        if a.mean is None or b.mean is None:
            continue
        p = chance_of_means(a.values, b.values) if len(a.values) > 1 and len(b.values) > 1 else None
        shown = a.label if a.label == b.label else f"{a.label} → {b.label}"
        found.append(Means(label, one.title, shown, a, b, p, _word(b.mean - a.mean, p, one.better)))
    return found


def pairs_of(first: Sequence[str], second: Sequence[str]) -> list[tuple[str, str]]:
    """Pair evaluations by their labels; one alone on either side is compared with the other, whatever they are called."""
    if len(first) == len(second) == 1:
        return [(first[0], second[0])]
    return [(label, label) for label in first if label in second]
