"""Values as the language writes them, for plans, reasons and reports: `8Ki`, `20M tokens`, `adamw { lr = 0.0006 }`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ..dsl.program import Reference
from ..dsl.quantities import Quantity, show_number
from ..dsl.types import Either, ListOf, MapOf, Type, Word
from .component import Component
from .schema import fields_of, python_name_of

Label = Callable[[Reference], str]


def show(value: Any, type_: Type | None = None, label: Label | None = None) -> str:
    """Write one value; leaves of a canonical form are understood too.

    With the type of its field, words are told from strings; without, a string that could be a word is shown as one.
    `label` names references; without it they are named by their component.
    """
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case int():
            return show_number(value)
        case float():
            return show_number(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
        case str():
            return value if _is_word(value, type_) else _quoted(value)
        case Quantity():
            return str(value)
        case Reference():
            return label(value) if label else f"{value.task.name}.{value.output}"
        case Component():
            return _component(value, label)
        case list() | tuple():
            return f"[{', '.join(show(item, _item(type_), label) for item in value)}]"
        case {"formula": _, "text": text}:
            return str(text)
        case {"quantity": magnitude, "of": dimension}:
            return str(Quantity(magnitude, dimension))
        case Mapping():
            entries = (f"{_key(key)} = {show(item, _item(type_), label)}" for key, item in value.items())
            return _block(entries)
    return str(value)


def _component(component: Component, label: Label | None) -> str:
    fields = fields_of(type(component))
    entries = []
    for word, field in fields.items():
        value = getattr(component, python_name_of(type(component), word))
        if field.required or value != field.default:
            entries.append(f"{word} = {show(value, field.type, label)}")
    return f"{component.name} {_block(entries)}" if entries else component.name


def _block(entries: Any) -> str:
    inside = ", ".join(entries)
    return f"{{ {inside} }}" if inside else "{}"


def _item(type_: Type | None) -> Type | None:
    return type_.item if isinstance(type_, ListOf | MapOf) else None


def _is_word(value: str, type_: Type | None) -> bool:
    match type_:
        case None:
            return value.isidentifier()
        case Word(words=words):
            return value in words
        case Either(options=options):
            return any(_is_word(value, option) for option in options)
    return False


def _key(key: str) -> str:
    return key if key.isidentifier() else _quoted(key)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
