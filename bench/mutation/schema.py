"""What the components of a catalogue take, as far as the operators need it: asked from their fields, never from a check."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

TASK_KINDS = {
    "dataset": {"data"},
    "rows": {"data"},
    "tokenizer": {"tokenizer"},
    "checkpoint": {"stage", "weights"},
    "number": {"eval", "audit"},
    "numbers": {"eval", "audit"},
    "module": {"sweep"},
}
"""Kinds whose declarations, or outputs of them, may stand where such an artifact is wanted."""

LITERALS = {"text": '"seven"', "number": "7", "truth": "true", "list": "[7]"}


def options(wanted: Any) -> Iterator[Any]:
    """Give the alternatives of a type, which itself is one of none."""
    if type(wanted).__name__ == "Either":
        for option in wanted.options:
            yield from options(option)
    else:
        yield wanted


def named(wanted: Any) -> dict[str, Any]:
    """Give the alternatives of a type by the names of their classes."""
    return {type(option).__name__: option for option in options(wanted)}


def item(wanted: Any) -> Any:
    """Give the type of the items of a list or a map, or None."""
    return next((option.item for option in options(wanted) if hasattr(option, "item")), None)


def kinds(wanted: Any) -> set[str]:
    """Give the kinds of which a component or a task may stand where this type is wanted."""
    found: set[str] = set()
    for name, option in ((type(option).__name__, option) for option in options(wanted)):
        if name == "ComponentOf":
            found.add(option.kind)
        elif name == "Artifact":
            found |= TASK_KINDS.get(option.name, {option.name})
    return found


def takes_only(wanted: Any, *names: str) -> bool:
    """Tell whether each alternative of a type is of one of these classes."""
    return wanted is not None and {type(option).__name__ for option in options(wanted)} <= set(names)


def takes(wanted: Any, literal: str) -> bool:
    """Tell whether a literal of some sort might fit a type; in doubt it does."""
    return any(_takes(type(option).__name__, option, literal) for option in options(wanted))


def _takes(name: str, option: Any, literal: str) -> bool:
    match name:
        case "Number":
            return literal == "number"
        case "Text" | "PathText":
            return literal == "text"
        case "Boolean":
            return literal == "truth"
        case "Formula":
            return literal in ("number", "truth", "list")
        case "ListOf":
            return literal == "list" or takes(option.item, literal)
        case "Word" | "ComponentOf" | "Artifact" | "Nothing" | "QuantityOf" | "MapOf" | "Variations":
            return False
    return True


def beyond(wanted: Any) -> list[str]:
    """Give numbers out of the range of a type that takes numbers, as they are written."""
    numbers = [option for option in options(wanted) if type(option).__name__ == "Number"]
    if not numbers or not takes_only(wanted, "Number", "Nothing", "QuantityOf"):
        return []
    tried = ["-1", "0", "-0.5", "1", "1.5", "150%", "-3", "1e30", "7"]
    for number in numbers:
        tried += [str(bound + more) for bound in (number.ge, number.gt) if bound is not None for more in (-1, 0)]
        tried += [f"{bound + 1}" for bound in (number.le, number.lt) if bound is not None and bound < 1e9]
    return [one for one in dict.fromkeys(tried) if not any(_within(_value(one), number) for number in numbers)]


def _value(text: str) -> float:
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)


def _within(value: float, number: Any) -> bool:
    return not (
        (number.ge is not None and value < number.ge)
        or (number.gt is not None and value <= number.gt)
        or (number.le is not None and value > number.le)
        or (number.lt is not None and value >= number.lt)
    )
