"""The parts of a formula while it is resolved, and of which sort each is: a number, a boolean, a time, …"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import formula as formulas
from .. import syntax
from ..describe import sort_of
from ..diagnostics.model import Text
from ..formula import READ_NUMBER, Operation, Term, level_of
from ..functions import Mismatch
from ..functions import sort as sort_of_value
from ..quantities import Quantity
from ..record import Record

ANY = "any"
"""The sort of a field, whose type no file says before it is read."""

_SAMPLES: dict[str, Any] = {"number": 1, "boolean": True, "text": "", "none": None}
"""A value of each sort: what an operator makes of sorts is told by what it makes of these."""


class Part(Record):
    """A part of a formula: its term, what it comes to, and where it stands."""

    term: Term
    sort: str
    node: syntax.Expression


def with_numbers(operator: str, parts: list[Part]) -> list[Part]:
    """Read the fields of a row as numbers where numbers are wanted: a file without types holds strings."""
    if all(part.sort != ANY for part in parts) or operator in ("and", "or", "not", "if"):
        return parts
    others = {part.sort for part in parts} - {ANY}
    if others <= {"number"} and (others or operator not in ("==", "!=")):
        return [read_number(part) if part.sort == ANY else part for part in parts]
    return parts


def read_number(part: Part) -> Part:
    """Give a field as the number that it is read as."""
    return Part(Operation(READ_NUMBER, (part.term,)), "number", part.node)


def outcome_sort(operator: str, sorts: Sequence[str]) -> str | None:
    """Give what an operator makes of operands of these sorts, None if it doesn't take them."""
    if operator in ("and", "or", "not"):
        return "boolean" if all(sort == "boolean" for sort in sorts) else None
    if operator == "if":
        return sorts[1] if sorts[0] == "boolean" and sorts[1] == sorts[2] else None
    if ANY in sorts:
        # A field that is compared with a string, with another field, or with `none`, which is the lack of a value.
        return "boolean" if set(sorts) <= {ANY, "text", "none"} and operator in ("==", "!=") else None
    samples = [_SAMPLES[sort] if sort in _SAMPLES else Quantity(1, sort) for sort in sorts]
    try:
        return sort_of_value(formulas.compute(operator, samples))
    except Mismatch:
        return None


def sort_text(sort: str) -> Text:
    """Say what is of a sort."""
    if sort == ANY:
        return Text("sort.field")
    return sort_of(_SAMPLES[sort] if sort in _SAMPLES else Quantity(1, sort))


def level_of_text(node: syntax.Expression) -> int:
    """Give how tightly a constant's text holds together."""
    match node:
        case syntax.Unary(operator=operator):
            return level_of(operator, 1)
        case syntax.Binary(operator=operator):
            return level_of(operator, 2)
        case syntax.Conditional():
            return level_of("if", 3)
    return level_of("", 0)
