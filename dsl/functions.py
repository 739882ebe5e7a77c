"""Arithmetic of the language: operators with units, and the functions that a file may call."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from .quantities import Quantity, whole

LARGEST = sys.float_info.max

Value = int | float | Quantity | str | bool | None


class Mismatch(Exception):
    """Raised where an operator doesn't take what stands on its sides."""


class TooLarge(Exception):
    """Raised where a result is beyond the largest number."""


def arithmetic(operator: str, left: Any, right: Any) -> Any:
    """Compute `left operator right`; ZeroDivisionError, Mismatch or TooLarge say why it can't be.

    Integers stay integers as long as that is exact.
    """
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        return _quantities(operator, left, right)
    if not is_number(left) or not is_number(right):
        raise Mismatch
    return _numbers(operator, left, right)


def compare(operator: str, left: Any, right: Any) -> bool:
    """Compare two plain values; Mismatch if they are of different sorts, or have no order."""
    if operator in ("==", "!="):
        if left is not None and right is not None and sort(left) != sort(right):
            raise Mismatch
        equal = bool(left == right)
        return equal if operator == "==" else not equal
    if sort(left) != sort(right) or sort(left) in ("boolean", "none", "list", "map"):
        raise Mismatch
    a, b = (left.magnitude, right.magnitude) if isinstance(left, Quantity) else (left, right)
    return bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator])


def sort(value: Any) -> str:
    """Give the sort of a plain value; quantities of different dimensions are of different sorts."""
    if isinstance(value, Quantity):
        return value.dimension
    if value is None:
        return "none"
    names: dict[type, str] = {bool: "boolean", int: "number", float: "number", str: "text", list: "list", dict: "map"}
    return names[type(value)]


def is_number(value: Any) -> bool:
    """Tell whether a value is a number without a unit; `true` is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(operator: str, left: int | float, right: int | float) -> int | float:
    try:
        match operator:
            case "+":
                result = left + right
            case "-":
                result = left - right
            case "*":
                result = left * right
            case _ if isinstance(left, int) and isinstance(right, int) and left % right == 0:
                result = left // right
            case _:
                result = left / right
    except OverflowError:
        raise TooLarge from None
    if not abs(result) <= LARGEST:
        raise TooLarge
    return whole(result)


def _quantities(operator: str, left: Any, right: Any) -> Any:
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        if left.dimension != right.dimension or operator == "*":
            raise Mismatch
        result = _numbers(operator, left.magnitude, right.magnitude)
        return result if operator == "/" else Quantity(result, left.dimension)
    if isinstance(left, Quantity) and is_number(right) and operator in "*/":
        return Quantity(_numbers(operator, left.magnitude, right), left.dimension)
    if isinstance(right, Quantity) and is_number(left) and operator == "*":
        return Quantity(_numbers(operator, left, right.magnitude), right.dimension)
    raise Mismatch


def _magnitude(value: Any) -> Any:
    if isinstance(value, Quantity):
        return value.magnitude
    if not is_number(value):
        raise Mismatch
    return value


def _chosen(choose: Callable[..., Any]) -> Callable[..., Any]:
    def apply(*values: Any) -> Any:
        if len({sort(value) for value in values}) > 1:
            raise Mismatch
        return choose(values, key=_magnitude)

    return apply


def _absolute(value: Any) -> Any:
    size = abs(_magnitude(value))
    return Quantity(size, value.dimension) if isinstance(value, Quantity) else size


def _rounded(value: Any, digits: Any = 0) -> Any:
    if not isinstance(digits, int) or isinstance(digits, bool) or abs(digits) > 300:
        raise Mismatch
    size = whole(round(_magnitude(value), digits))
    return Quantity(size, value.dimension) if isinstance(value, Quantity) else size


FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int | None]] = {
    "min": (_chosen(min), 1, None),
    "max": (_chosen(max), 1, None),
    "abs": (_absolute, 1, 1),
    "round": (_rounded, 1, 2),
}
"""Name -> (function, least and most arguments). `round` rounds halves to even, as IEEE 754 does."""

READS_ENVIRONMENT = "env"
"""The only function that looks outside; it may stand in the default of a param alone."""
