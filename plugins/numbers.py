"""The number that a task put out, as a formula names it: read from its facts, with its unit."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from ..dsl.formula import Output
from ..dsl.quantities import Quantity
from ..dsl.record import Record
from .component import Facts

NOT_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})
"""How numbers that JSON doesn't have are recorded."""


class Lacking(Record):
    """Stands for a number that isn't there: the key that leads nowhere, if that is why, and what it was looked for in."""

    key: str | None
    found: Any


def number_of(output: Output, facts: Facts) -> int | float | Quantity | Lacking:
    """Give the number of a task's output from the facts of its run, in the unit of the output."""
    found: Any = None
    with contextlib.suppress(Exception):  # a plugin's own code, which lacks what it says that it has
        found = output.reference.task.number_of(output.reference.output, facts)
    for key in output.keys:
        if not isinstance(found, Mapping) or key not in found:
            return Lacking(key, found)
        found = found[key]
    if not is_number(found):
        return Lacking(None, found)
    dimension = output.reference.artifact.dimension
    return Quantity(number(found), dimension) if dimension else number(found)


def is_number(given: object) -> bool:
    """Tell whether a fact is a number, as it is or as it was recorded."""
    return (isinstance(given, int | float) and not isinstance(given, bool)) or (
        isinstance(given, str) and given in NOT_FINITE
    )


def number(given: Any) -> float:
    """Read a recorded number."""
    return float(given) if isinstance(given, str) else given
