"""Descriptions of types and values for people, as texts of the catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .diagnostics.model import Text
from .program import Reference
from .quantities import UNITS, Quantity, show_number
from .types import (
    Anything,
    Artifact,
    Boolean,
    ComponentOf,
    Either,
    Formula,
    ListOf,
    MapOf,
    Nothing,
    Number,
    PathText,
    QuantityOf,
    TaskOf,
    Type,
    Variations,
    Word,
)
from .types import Text as TextType

_ARTIFACTS = frozenset({"dataset", "rows", "tokenizer", "checkpoint", "number", "numbers", "file", "module", "table"})
"""Artifacts that the language has a phrase for; a plugin's own are called by their names."""

_SHOWN_ITEMS = 4
_SHOWN_CHARACTERS = 60


def describe(wanted: Type) -> Text:
    """Say what a type admits: "a whole number of at least 1", "one of auto, cpu, cuda"."""
    match wanted:
        case Number():
            return _number(wanted)
        case QuantityOf(dimensions=dimensions):
            return Text("type.quantity", {"dimensions": one_of(dimension(name) for name in dimensions)})
        case TextType():
            return Text("type.text")
        case PathText(folder=folder, exists=exists):
            return Text("type.folder" if folder else "type.file" if exists else "type.path")
        case Boolean():
            return Text("type.boolean")
        case Nothing():
            return Text("type.none")
        case Word(words=words):
            return words_of(words)
        case ListOf(item=item, min_length=least):
            return Text("type.list_of_least" if least else "type.list_of", {"item": describe(item), "least": least})
        case MapOf(item=item):
            return Text("type.map_of", {"item": describe(item)})
        case Either(options=(single, ListOf(item=item, min_length=0))) if item == single:
            return Text("type.one_or_list", {"item": describe(single)})
        case Either(options=options):
            return one_of(describe(option) for option in options)
        case Anything():
            return Text("type.plain")
        case ComponentOf(kind=kind):
            return Text("type.component", {"kind": kind})
        case TaskOf(kind=kind):
            return Text("type.task", {"kind": kind}) if kind else Text("type.any_task")
        case Artifact():
            return artifact(wanted)
        case Formula():
            return Text("type.formula")
        case Variations(drawn=drawn):
            return Text("type.variations_drawn", {"kind": drawn}) if drawn else Text("type.variations")
    raise AssertionError(f"a type without a description: {wanted!r}")


def words_of(words: Sequence[str]) -> Text:
    """List the words that a field takes."""
    return Text("type.word", {"word": words[0]}) if len(words) == 1 else Text("type.words", {"words": list(words)})


def artifact(given: Artifact) -> Text:
    """Say what an artifact is."""
    if given.name == "dataset" and given.splits:
        return Text("artifact.dataset_with", {"parts": list(given.splits)})
    if given.name in _ARTIFACTS:
        return Text(f"artifact.{given.name}")
    return Text("artifact.other", {"name": given.name})


def dimension(name: str) -> Text:
    """Name a dimension: time, memory, …"""
    return Text(f"dimension.{name}")


def units(dimensions: Iterable[str]) -> list[str]:
    """List the units in which quantities of some dimensions are written."""
    # The singular (`step`) is understood, but the plural is how it is written.
    written = {unit: of for unit, (of, _) in UNITS.items() if f"{unit}s" not in UNITS}
    return [unit for name in dimensions for unit, of in written.items() if of == name]


def one_of(options: Iterable[Text | str]) -> Text:
    """Join alternatives: "a, b or c"."""
    return Text("join.or", {"items": list(options)})


def sort_of(value: Any) -> Text:
    """Say what a plain value is: a number, time, a string, …"""
    match value:
        case None:
            return Text("sort.none")
        case bool():
            return Text("sort.boolean")
        case int() | float():
            return Text("sort.number")
        case Quantity():
            return Text("sort.quantity", {"dimension": dimension(value.dimension)})
        case str():
            return Text("sort.text")
        case list() | tuple():
            return Text("sort.list")
        case Mapping():
            return Text("sort.map")
        case Reference():
            return artifact(value.artifact)
    return Text("sort.other")


def show(value: Any) -> str:
    """Write a plain value as the language would, shortened if it is long."""
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return show_number(value)
        case str():
            short = value if len(value) <= _SHOWN_CHARACTERS else value[:_SHOWN_CHARACTERS] + "…"
            return json.dumps(short, ensure_ascii=False)
        case list() | tuple():
            items = [show(item) for item in value[:_SHOWN_ITEMS]]
            return f"[{', '.join([*items, '…'] if len(value) > _SHOWN_ITEMS else items)}]"
        case Mapping():
            entries = [f"{key} = {show(item)}" for key, item in list(value.items())[:_SHOWN_ITEMS]]
            return f"{{ {', '.join([*entries, '…'] if len(value) > _SHOWN_ITEMS else entries)} }}"
    return str(value)


def _number(wanted: Number) -> Text:
    number = Text("type.integer" if wanted.integer else "type.number")
    extent = _range(wanted)
    if extent is not None:
        number = Text("type.ranged", {"number": number, "range": extent})
    if wanted.multiple_of is not None:
        number = Text("type.multiple", {"number": number, "of": wanted.multiple_of})
    return number


def _range(wanted: Number) -> Text | None:
    bounds = {name: getattr(wanted, name) for name in ("ge", "gt", "le", "lt")}
    given = {name: show_number(bound) for name, bound in bounds.items() if bound is not None}
    if not given:
        return None
    return Text("range." + "_".join(given), dict(given))
