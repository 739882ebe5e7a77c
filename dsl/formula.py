"""Formulas: expressions over numbers that are known only later: what tasks put out, the fields of a row.

A formula is a tree whose names are resolved and whose constants are computed. All that is done with one is a fold over
that tree: its value once the values of its names are known, its text, its canonical form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from .describe import sort_of
from .diagnostics.model import Text
from .functions import FUNCTIONS, Mismatch, TooLarge, Value, arithmetic, compare
from .program import Reference
from .record import Record
from .source import Span

T = TypeVar("T")


class Known(Record):
    """A constant of a formula, as it was written.

    `level` tells how tightly that text holds together, `named` whether it names params or lets, and so hides the value.
    """

    value: Value
    text: str
    level: int = 8
    named: bool = False


class Output(Record):
    """A number that a task puts out: `scores.accuracy`, or `scores.by_group["f"]`, whose keys only the run knows."""

    reference: Reference
    keys: tuple[str, ...]
    text: str
    span: Span


class RowField(Record):
    """A field of a row: `row.stars`."""

    name: str
    text: str
    span: Span


class Operation(Record):
    """An operator of the language, `if`, a function's name, or `number`: a field of a row read as a number."""

    operator: str
    operands: tuple[Term, ...]


Name = Output | RowField
Term = Known | Output | RowField | Operation

READ_NUMBER = "number"
"""The operation that reads a row's field as a number; nobody writes it."""


class Undefined(Record):
    """Stands for the value of a formula that has none: why, and the name (if it is one) that is to blame."""

    reason: Text
    term: Name | None = None


Look = Callable[[Any], Any]
"""Gives the value of an Output or RowField: a number, quantity, string or boolean, or Undefined."""


class Formula(Record):
    """A formula; `str()` gives its text in one line."""

    root: Term

    @property
    def names(self) -> tuple[Name, ...]:
        """Give the outputs and fields that it refers to, each once, in the order of the text."""
        return tuple({term.text: term for term in _terms(self.root) if isinstance(term, Output | RowField)}.values())

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Give the numbers of tasks that it refers to."""
        return tuple(name for name in self.names if isinstance(name, Output))

    @property
    def references(self) -> tuple[Reference, ...]:
        """Give the references to tasks, which must have run before it has a value."""
        return tuple(output.reference for output in self.outputs)

    @property
    def fields(self) -> tuple[RowField, ...]:
        """Give the fields of a row that it refers to."""
        return tuple(name for name in self.names if isinstance(name, RowField))

    def evaluate(self, look: Look) -> Value | Undefined:
        """Give the value, with the values of names given; Undefined says why there is none.

        `a and b` is false, and `a or b` true, if one side says so, even if the other one has no value; of `if`, only
        the branch that is taken counts.
        """

        def leaf(term: Known | Name) -> Any:
            if isinstance(term, Known):
                return term.value
            value = look(term)
            if isinstance(value, float) and value != value:
                return Undefined(Text("formula.nan", {"name": term.text}), term)
            return value

        return self.fold(leaf, _applied)

    def fold(self, leaf: Callable[[Known | Name], T], operation: Callable[[str, Sequence[T]], T]) -> T:
        """Make something of the formula from the leaves up."""

        def of(term: Term) -> T:
            if isinstance(term, Operation):
                return operation(term.operator, [of(operand) for operand in term.operands])
            return leaf(term)

        return of(self.root)

    def show(self, name: Callable[[Known | Name], str]) -> str:
        """Write the formula in one line, with `name` giving the text of each constant and name."""

        def leaf(term: Known | Name) -> tuple[str, int]:
            return name(term), term.level if isinstance(term, Known) else _ATOM

        return self.fold(leaf, _written)[0]

    def __str__(self) -> str:
        return self.show(lambda term: term.text)


def _terms(root: Term) -> Iterator[Term]:
    stack: list[Term] = [root]
    while stack:
        term = stack.pop()
        yield term
        if isinstance(term, Operation):
            stack.extend(reversed(term.operands))


def _applied(operator: str, values: Sequence[Any]) -> Any:
    """Apply an operator to values of which some may be Undefined."""
    if operator == "if":
        condition, then, otherwise = values
        return condition if isinstance(condition, Undefined) else then if condition else otherwise
    if operator in ("and", "or"):
        decides = operator == "or"
        if any(value is decides for value in values):
            return decides
    lacking = next((value for value in values if isinstance(value, Undefined)), None)
    if lacking is not None:
        return lacking
    try:
        return compute(operator, values)
    except ZeroDivisionError:
        return Undefined(Text("formula.zero"))
    except (TooLarge, OverflowError):
        return Undefined(Text("formula.large"))
    except Mismatch:
        return Undefined(Text("formula.mismatch", {"operator": operator, "given": [sort_of(v) for v in values]}))


def compute(operator: str, values: Sequence[Any]) -> Any:
    """Compute one operation; ZeroDivisionError, Mismatch or TooLarge say why it can't be."""
    match operator:
        case "and":
            return values[0] and values[1]
        case "or":
            return values[0] or values[1]
        case "not":
            return not values[0]
        case "-" | "+" if len(values) == 1:
            return arithmetic("*", values[0], -1 if operator == "-" else 1)
        case "-" | "+" | "*" | "/":
            return arithmetic(operator, *values)
        case "number":
            return _number(values[0])
    if operator in FUNCTIONS:
        return FUNCTIONS[operator][0](*values)
    return compare(operator, *values)


def _number(value: Any) -> int | float:
    """Read a field as a number: files without types hold strings."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        number = float(value) if isinstance(value, str) else float("nan")
    except ValueError:
        raise Mismatch from None
    if number != number:
        raise Mismatch
    return number


_ATOM = 8
_LEVELS = {
    "if": 0,
    "or": 1,
    "and": 2,
    "not": 3,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), 4),
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
}
_SIGN = 7


def level_of(operator: str, operands: int) -> int:
    """Give how tightly an operator binds, the loosest 0."""
    if operands == 1 and operator in "+-":
        return _SIGN
    return _LEVELS.get(operator, _ATOM)


def _written(operator: str, operands: Sequence[tuple[str, int]]) -> tuple[str, int]:
    """Write one operation, with its level, from its operands with theirs."""
    level = level_of(operator, len(operands))

    def side(operand: tuple[str, int], least: int) -> str:
        text, own = operand
        return text if own >= least else f"({text})"

    texts = [text for text, _ in operands]
    if operator == READ_NUMBER:
        return operands[0]
    if operator in FUNCTIONS:
        return f"{operator}({', '.join(texts)})", level
    if operator == "if":
        return f"if {texts[0]} then {texts[1]} else {texts[2]}", level
    if len(operands) == 1:
        return f"{operator}{' ' if operator == 'not' else ''}{side(operands[0], level)}", level
    left, right = operands
    # Comparisons aren't chained; the others take what stands first on their left.
    least = level + 1 if level == _LEVELS["=="] else level
    return f"{side(left, least)} {operator} {side(right, level + 1)}", level
