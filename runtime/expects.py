"""Judges what a file expects, once the tasks that it refers to are there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..dsl.diagnostics.model import Diagnostic, Label, Text
from ..dsl.diagnostics.similar import similar
from ..dsl.formula import Formula, Known, Output, RowField, Undefined
from ..dsl.program import Expectation
from ..dsl.quantities import Quantity
from ..dsl.suggest import naming
from ..plugins.component import Facts
from ..plugins.numbers import Lacking, is_number, number_of
from .graph import Graph, Node
from .listeners.figures import value as written

FactsOf = Callable[[Node], Facts | None]
"""Gives the facts of a node, None if it is not there."""

PLACES = 10
"""Places of a number where four of them would hide on which side it lies."""


LACKING = frozenset({"expect.absent", "expect.none"})
"""Why a number is not there at all; one that is NaN, or of a group that few rows don't have, may be in a real run."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an expectation: met, failed, or open (it can't be judged by this run)."""

    name: str
    formula: str
    state: str
    shown: str
    """The formula with the values of its names."""
    reason: Text | None = None
    """Why it has no value, or can't be judged."""

    @property
    def failed(self) -> bool:
        return self.state == "failed"


Unknown = Callable[[Node], Text | None]
"""Gives why the numbers of a node are not those of a real run, None if they are."""


def judge(
    graph: Graph, expects: Iterable[Expectation], facts: FactsOf, unknown: Unknown = lambda node: None
) -> tuple[list[Verdict], list[Diagnostic]]:
    """Judge expectations by the facts of what they refer to; each one that fails is a diagnostic.

    One whose numbers are not those of a real run is open, and fails only if a task doesn't come to them at all.
    """
    verdicts, found = [], []
    for expectation in expects:
        values = {output.text: value_of(graph, output, facts) for output in expectation.formula.outputs}
        nodes = [graph.find(one) for one in graph.named_by(expectation)]
        verdict = _verdict(expectation, values, next(filter(None, map(unknown, nodes)), None))
        verdicts.append(verdict)
        if verdict.failed:
            found.append(_diagnostic(expectation, verdict, values))
    return verdicts, found


def without(expectation: Expectation) -> Verdict:
    """Give the verdict on an expectation about the best trial of a sweep that has none."""
    text = str(expectation.formula)
    reason = Text("expect.no_best", {"sweeps": [f"`{name}`" for name in sorted(expectation.awaits)]})
    return Verdict(expectation.name, text, "failed", text, reason)


def value_of(graph: Graph, output: Output, facts: FactsOf) -> Any:
    """Give the number that a task put out, or Undefined with the reason why there is none."""
    node = graph.find(output.reference)
    known = facts(node)
    if known is None:
        return Undefined(Text("expect.absent", {"label": node.label}), output)
    found = number_of(output, known)
    if not isinstance(found, Lacking):
        return found
    if found.key is not None:
        return _no_key(output, f"{node.label}.{output.reference.output}", found.key, found.found)
    return Undefined(Text("expect.none", {"name": output.text, "label": node.label}), output)


def _no_key(output: Output, name: str, key: str, found: Any) -> Undefined:
    keys = list(found) if isinstance(found, Mapping) else []
    values = {"name": name, "key": key, "keys": keys, "similar": similar(key, keys)}
    return Undefined(Text("expect.key" if keys else "expect.no_keys", values), output)


def _verdict(expectation: Expectation, values: Mapping[str, Any], unknown: Text | None) -> Verdict:
    formula = expectation.formula
    value = formula.evaluate(lambda name: values[name.text])
    shown = show(formula, values, value)
    if unknown is not None:
        lacking = (one.reason for one in values.values() if isinstance(one, Undefined) and one.reason.key in LACKING)
        reason = next(lacking, None)
        return Verdict(expectation.name, str(formula), "failed" if reason else "open", shown, reason or unknown)
    if isinstance(value, Undefined):
        return Verdict(expectation.name, str(formula), "failed", shown, value.reason)
    return Verdict(expectation.name, str(formula), "met" if value else "failed", shown)


def show(formula: Formula, values: Mapping[str, Any], value: Any) -> str:
    """Write a formula with the values of its names, in as many places as it takes to see why it is so."""
    seen = {name: _rounded(one, 4) for name, one in values.items()}
    write = _short if formula.evaluate(lambda name: seen[name.text]) == value else _long

    def name(term: Known | Output | RowField) -> str:
        if isinstance(term, Known):
            if not term.named:
                return term.text
            is_name = all(word.isidentifier() for word in term.text.split("."))
            return f"{term.text} {write(term.value)}" if is_name else write(term.value)
        known = values[term.text]
        return f"{term.text} {'?' if isinstance(known, Undefined) else write(known)}"

    return formula.show(name)


def _rounded(value: Any, places: int) -> Any:
    if isinstance(value, Quantity):
        return Quantity(_rounded(value.magnitude, places), value.dimension)
    return float(f"{value:.{places}g}") if isinstance(value, float) else value


def _short(value: Any) -> str:
    if isinstance(value, Quantity):
        return str(_rounded(value, 4))
    return written(value) if is_number(value) else str(value)


def _long(value: Any) -> str:
    return str(_rounded(value, PLACES)) if isinstance(value, Quantity | int | float) else str(value)


def _diagnostic(expectation: Expectation, verdict: Verdict, values: Mapping[str, Any]) -> Diagnostic:
    said = {"name": verdict.name, "shown": verdict.shown, "reason": verdict.reason}
    labels = tuple(
        Label(output.span, Text("expect.value", {"value": _short(values[output.text])}))
        for output in expectation.formula.outputs
        if not isinstance(values[output.text], Undefined)
    )
    code, place = "L0850", expectation.name_span
    helps: tuple[Text, ...] = ()
    if verdict.reason is not None:
        code = "L0851"
        helps = naming(verdict.reason.values.get("similar", ()))  # type: ignore[arg-type]
    return Diagnostic(code, Text(code, said), place, labels=labels, helps=helps)
