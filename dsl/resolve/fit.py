"""Whether a plain value (number, quantity, string, list, map) fits where it stands, and what to say if not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import syntax
from ..describe import describe, show, sort_of, units, words_of
from ..diagnostics.model import Fix, Label, Text
from ..functions import FUNCTIONS
from ..quantities import Quantity
from ..source import Span
from ..suggest import suggest
from ..types import Anything, Boolean, ComponentOf, ListOf, MapOf, Nothing, Number, PathText, QuantityOf, Type, Word
from ..types import Text as TextType
from .base import UNRESOLVED, Context, Unresolved, Wanted, alternatives
from .files import find_files

_COUNTED = ("steps", "examples", "tokens")
"""Dimensions in which half of one is nothing."""


def admits(wanted: Type, value: Any) -> bool:
    """Tell whether a type admits values of this sort; ranges aside."""
    match wanted:
        case Number():
            return isinstance(value, int | float) and not isinstance(value, bool)
        case QuantityOf(dimensions=dimensions):
            return isinstance(value, Quantity) and value.dimension in dimensions
        case TextType() | PathText():
            return isinstance(value, str)
        case Word(words=words):
            return isinstance(value, str) and value in words
        case Boolean():
            return isinstance(value, bool)
        case Nothing():
            return value is None
        case ListOf(item=item):
            return isinstance(value, list) and all(_admitted(item, one) for one in value)
        case MapOf(item=item):
            return isinstance(value, dict) and all(_admitted(item, one) for one in value.values())
        case Anything():
            return True
    return False


def fit(context: Context, value: Any, wanted: Wanted, node: syntax.Expression) -> Any:
    """Give a plain value as the wanted type holds it, or report at the node why it doesn't fit."""
    if isinstance(value, Unresolved):
        return value
    fitting = [option for option in wanted.options if admits(option, value)]
    if not fitting:
        return misfit(context, value, wanted, node)
    complaint = None
    for option in fitting:
        complaint = _complaint(option, value, node)
        if complaint is None:
            return _converted(context, value, option, wanted, node)
    assert complaint is not None
    code, values, helps, fixes = complaint
    labels, notes = behind(context, node, value)
    written = node.span.text if isinstance(node, syntax.Literal) else show(value)
    place = {"slot": wanted.slot, "value": written, "wanted": describe(wanted.type)}
    return context.error(code, node.span, place | values, labels=labels, helps=helps, notes=notes, fixes=fixes)


def misfit(context: Context, value: Any, wanted: Wanted, node: syntax.Expression) -> Unresolved:
    """Report that a value is of another sort than what is wanted."""
    values = {"slot": wanted.slot, "wanted": describe(wanted.type), "given": sort_of(value)}
    labels, notes = behind(context, node, value)
    options = wanted.options
    dimensions = tuple(name for option in options if isinstance(option, QuantityOf) for name in option.dimensions)
    if isinstance(value, Quantity):
        helps: tuple[Text, ...] = ()
        fixes: tuple[Fix, ...] = ()
        if dimensions:
            helps = (Text("L0303.units", {"units": units(dimensions)}),)
        elif any(isinstance(option, Number) for option in options):
            helps, fixes = _without_unit(node)
        code = "L0303" if dimensions else "L0301"
        return context.error(code, node.span, values, labels=labels, helps=helps, notes=notes, fixes=fixes)
    if dimensions and isinstance(value, int | float) and not isinstance(value, bool):
        helps, fixes = _with_unit(node, dimensions)
        return context.error("L0304", node.span, values, labels=labels, helps=helps, notes=notes, fixes=fixes)
    words = tuple(word for option in options if isinstance(option, Word) for word in option.words)
    if isinstance(value, str) and words:
        plain = isinstance(node, syntax.String) and len(node.parts) == 1
        helps, fixes = suggest(value, words, node.span if plain else None)
        # A number in quotes is no word that somebody misspelt.
        if helps or not any(isinstance(option, Number) for option in options):
            place = {"slot": wanted.slot, "word": value}
            notes = (*notes, Text("L0210.words", {"words": list(words)}))
            return context.error("L0210", node.span, place, labels=labels, helps=helps, notes=notes, fixes=fixes)
    helps, fixes = _without_quotes(context, value, wanted, node)
    if not helps:
        helps, fixes = in_brackets(node, wanted, lambda item: admits(item, value))
    return context.error("L0301", node.span, values, labels=labels, helps=helps, notes=notes, fixes=fixes)


def in_brackets(
    node: syntax.Expression, wanted: Wanted, takes: Callable[[Type], bool]
) -> tuple[tuple[Text, ...], tuple[Fix, ...]]:
    """Help with a single value where a list of such is wanted."""
    lists = (option for option in wanted.options if isinstance(option, ListOf) and option.min_length <= 1)
    items = (one for option in lists for one in alternatives(option.item))
    if not any(map(takes, items)):
        return (), ()
    text = f"[{node.span.text}]"
    helps = (Text("help.brackets", {"text": text if "\n" not in text else "[…]"}),)
    return helps, (Fix(node.span, text, certain=False),)


def behind(context: Context, node: syntax.Expression, value: Any) -> tuple[tuple[Label, ...], tuple[Text, ...]]:
    """Give what shows where a value came from: the names in its expression, and their values."""
    if isinstance(node, syntax.Literal | syntax.List | syntax.Block | syntax.Call):
        return (), ()
    if isinstance(node, syntax.Unary) and isinstance(node.operand, syntax.Literal):
        return (), ()
    labels = []
    notes = []
    written = node.span.text
    if "\n" not in written and not (isinstance(node, syntax.String) and show(value) == written):
        notes.append(Text("note.value", {"expression": written, "value": show(value)}))
    for path in paths_of(node):
        binding = context.bindings.get(path.segments[0].name)
        if binding is None or isinstance(binding.statement, syntax.Declaration | syntax.Import) or not binding.done:
            continue
        labels.append(Label(binding.span, Text("label.declared", {"name": binding.name})))
        if context.importer is not None and binding.name in context.given:
            labels.append(Label(context.given[binding.name].span, Text("label.set", {"name": binding.name})))
        if str(path) != written and len(path.segments) == 1 and not isinstance(binding.value, Unresolved):
            notes.append(Text("note.value", {"expression": str(path), "value": show(binding.value)}))
    return tuple(labels), tuple(notes)


Complaint = tuple[str, dict[str, object], tuple[Text, ...], tuple[Fix, ...]]


def _complaint(option: Type, value: Any, node: syntax.Expression) -> Complaint | None:
    """Give what is wrong with a value of the right sort, as the parts of a diagnostic."""
    match option:
        case Number():
            return _number_complaint(option, value, node)
        case QuantityOf(zero=zero):
            if value.magnitude < 0 or (value.magnitude == 0 and not zero):
                return "L0306.zero" if zero else "L0306", {}, (), ()
            if value.dimension in _COUNTED and not isinstance(value.magnitude, int):
                return "L0305", {}, (), ()
        case ListOf(min_length=least):
            if len(value) < least:
                return "L0312", {"least": least, "length": len(value)}, (), ()
        case Word(words=words):
            if isinstance(node, syntax.String) and all(isinstance(part, str) for part in node.parts):
                return "L0311", {"words": words_of(words)}, (Text("L0311.help"),), (Fix(node.span, value),)
    return None


def _number_complaint(option: Number, value: int | float, node: syntax.Expression) -> Complaint | None:
    if option.integer and not isinstance(value, int):
        if value.is_integer() and isinstance(node, syntax.Literal):
            whole = str(int(value))
            return "L0305", {}, (Text("help.write", {"text": whole}),), (Fix(node.span, whole),)
        return "L0305", {}, (), ()
    outside = (
        (option.ge is not None and value < option.ge)
        or (option.gt is not None and value <= option.gt)
        or (option.le is not None and value > option.le)
        or (option.lt is not None and value >= option.lt)
        or (option.multiple_of is not None and value % option.multiple_of != 0)
    )
    return ("L0302", {}, (), ()) if outside else None


def _converted(context: Context, value: Any, option: Type, wanted: Wanted, node: syntax.Expression) -> Any:
    match option:
        case PathText():
            return find_files(context, value, option, wanted, node)
        case ListOf(item=item):
            return _all([fit(context, one, Wanted(item, wanted.slot), node) for one in value])
        case MapOf(item=item):
            fitted = {key: fit(context, one, Wanted(item, wanted.slot), node) for key, one in value.items()}
            return UNRESOLVED if any(isinstance(one, Unresolved) for one in fitted.values()) else fitted
    return value


def _all(values: list[Any]) -> Any:
    return UNRESOLVED if any(isinstance(one, Unresolved) for one in values) else values


def _admitted(item: Type, value: Any) -> bool:
    return any(admits(option, value) for option in alternatives(item))


def _with_unit(node: syntax.Expression, dimensions: tuple[str, ...]) -> tuple[tuple[Text, ...], tuple[Fix, ...]]:
    """Help with a number that should have a unit: `3B` may have been meant as `3 B`."""
    written = node.span.text
    if isinstance(node, syntax.Literal):
        if written.endswith("B") and "memory" in dimensions:
            text = f"{written[:-1]} B"
            return (Text("L0304.bytes", {"written": written, "text": text}),), (Fix(node.span, text, certain=False),)
        if len(dimensions) == 1 and dimensions[0] in (*_COUNTED, "epochs"):
            text = f"{written} {dimensions[0]}"
            return (Text("help.write", {"text": text}),), (Fix(node.span, text),)
    return (Text("L0303.units", {"units": units(dimensions)}),), ()


def _without_unit(node: syntax.Expression) -> tuple[tuple[Text, ...], tuple[Fix, ...]]:
    """Help with a quantity where a number is wanted: `3 B` may have been meant as `3B`."""
    if not isinstance(node, syntax.Literal):
        return (), ()
    number, _, unit = node.span.text.rpartition(" ")
    number = number.strip()
    if unit == "B":
        fixes = (Fix(node.span, number + "B", certain=False),)
        return (Text("L0301.billions", {"written": node.span.text, "text": number + "B"}),), fixes
    return (Text("help.write", {"text": number}),), (Fix(node.span, number),)


def _without_quotes(
    context: Context, value: Any, wanted: Wanted, node: syntax.Expression
) -> tuple[tuple[Text, ...], tuple[Fix, ...]]:
    """Help with the name of a component that was written as a string."""
    kinds = [option.kind for option in wanted.options if isinstance(option, ComponentOf)]
    if isinstance(node, syntax.String) and any(value in context.catalogue.components(kind) for kind in kinds):
        return (Text("help.write", {"text": value}),), (Fix(node.span, value),)
    return (), ()


def paths_of(node: syntax.Expression) -> list[syntax.Path]:
    """Give the paths in an expression whose value is plain, each once, as they are written."""
    found: list[syntax.Path] = []
    stack: list[object] = [node]
    while stack:
        match stack.pop():
            case syntax.Path() as path:
                found.append(path)
            case syntax.String(parts=parts):
                stack.extend(reversed([part for part in parts if isinstance(part, syntax.Path)]))
            case syntax.List(items=items):
                stack.extend(reversed(items))
            case syntax.Call(path=called, positional=arguments) if str(called) in FUNCTIONS:
                stack.extend(reversed(arguments))
            case syntax.Unary(operand=operand):
                stack.append(operand)
            case syntax.Binary(left=left, right=right):
                stack.extend((right, left))
            case syntax.Conditional(condition=condition, then=then, otherwise=otherwise):
                stack.extend((otherwise, then, condition))
    unique: dict[str, syntax.Path] = {}
    for path in found:
        unique.setdefault(str(path), path)
    return list(unique.values())


def field_span(node: syntax.Expression | None, index: int | str | None, otherwise: Span) -> Span:
    """Give the place of a field's value, or of the item of it that an index names."""
    if node is None:
        return otherwise
    if isinstance(index, int) and isinstance(node, syntax.List) and 0 <= index < len(node.items):
        return node.items[index].span
    if isinstance(index, str) and isinstance(node, syntax.Block):
        for entry in node.entries:
            if entry.name == index:
                return entry.value.span
    return node.span
