"""Texts as JSON, among the facts of a task."""

from __future__ import annotations

from typing import Any

from ..dsl.diagnostics import words
from ..dsl.diagnostics.model import Text


def recorded(text: Text) -> dict[str, Any]:
    """Give a text as JSON: with its key, to be read in any language, and in the words of now."""

    def plain(value: object) -> Any:
        if isinstance(value, Text):
            return recorded(value)
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        return value if value is None or isinstance(value, bool | int | float | str) else str(value)

    values = {name: plain(value) for name, value in text.values.items()}
    return {"key": text.key, "values": values, "text": words.render(text, words.language())}
