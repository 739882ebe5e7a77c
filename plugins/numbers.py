"""The numbers that tasks put out, as they stand among their facts."""

from __future__ import annotations

from collections.abc import Mapping

from ..dsl.diagnostics.model import Text
from ..dsl.formula import Output, Undefined
from .component import Facts


def number_of(output: Output, facts: Facts) -> int | float | Undefined:
    """Give the number of an output from the facts of its task: a metric, or else a fact of that name."""
    name = output.reference.output
    metrics = facts.get("metrics")
    value = metrics[name] if isinstance(metrics, Mapping) and name in metrics else facts.get(name)
    for key in output.keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Undefined(Text("L0572.missing", {"name": output.text}), output)
    return value
