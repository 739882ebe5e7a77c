"""The words that an editor shows, in one language."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lsprotocol import types

from ..describe import describe, show
from ..diagnostics import words
from ..diagnostics.model import Text
from ..program import Reference
from ..types import Type
from .analysis import Analysis


class Say:
    """Puts texts, types and values into words."""

    def __init__(self, language: str, markdown: bool = True) -> None:
        self.language = language
        self.markup = types.MarkupKind.Markdown if markdown else types.MarkupKind.PlainText
        for each in dict.fromkeys((language, "en")):
            words.register(each, import_module(f"...diagnostics.messages.{each}_editor", __name__).MESSAGES)

    def __call__(self, key: str, /, **values: object) -> str:
        return self.text(Text(key, values))

    def text(self, text: Text) -> str:
        """Put a text into words."""
        return words.render(text, self.language)

    def page(self, text: str) -> types.MarkupContent:
        """Give a page in the form that the editor can show; Markdown can be read as it is, too."""
        return types.MarkupContent(self.markup, text)

    def type(self, wanted: Type) -> str:
        """Say what a type admits."""
        return self.text(describe(wanted))


def shown(value: Any, analysis: Analysis) -> str:
    """Write a value as a file would: a component by its name, with what was set; a reference by its task."""
    if isinstance(value, Reference):
        task = next((name for name, one in analysis.bindings.items() if one.value is value.task), None)
        return f"{task or _component(value.task, analysis)}.{value.output}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(shown(item, analysis) for item in value)}]"
    return _component(value, analysis)


def _component(value: Any, analysis: Analysis) -> str:
    component = analysis.component_of(value)
    if component is None:
        return show(value)
    name = next((name for name, one in analysis.bindings.items() if one.value is value), None)
    if name is not None:
        return name
    arguments = analysis.catalogue.recipe(value)[1]
    inside = ", ".join(f"{field} = {shown(one, analysis)}" for field, one in arguments.items())
    return f"{component.name} {{ {inside} }}" if inside else component.name
