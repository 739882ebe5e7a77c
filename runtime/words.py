"""The words of the runtime in the user's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from ..dsl.diagnostics import words
from ..dsl.diagnostics.model import Text

CATALOGUES = (
    "",  # the run itself
    "_training",
    "_fitting",
    "_cli",
    "_doctor",
    "_describe",
    "_diff",
    "_expects",
    "_report",
    "_reference",
    "_words",
)
"""The modules of each language in `messages/`."""

NEEDS = "plan.needs"
"""The reason of a task that runs because one of its inputs does."""

_registered: set[str] = set()


def say(key: str, /, **values: object) -> str:
    """Give a text of the catalogue in the user's language, its placeholders filled."""
    return say_text(Text(key, values))


def say_text(text: Text, language: str | None = None) -> str:
    """Give a text in a language, the user's unless said; texts among its values are in the same one."""
    chosen = language or words.language()
    load(chosen)
    return words.render(text, chosen)


def load(language: str) -> None:
    """Make the runtime's texts in a language known to the diagnostics' catalogue."""
    if language not in _registered:
        _registered.add(language)
        for part in CATALOGUES:
            module = import_module(f".messages.{language}{part}", __package__)
            words.register(language, module.MESSAGES)


def say_reasons(reasons: Iterable[Text]) -> list[str]:
    """Give the reasons why a task runs, all that it waits for as one."""
    listed = list(reasons)
    needs = [text.values["label"] for text in listed if text.key == NEEDS]
    said = [say_text(text) for text in listed if text.key != NEEDS]
    return [*said, say_text(Text(NEEDS, {"label": needs}))] if needs else said


def knows(key: str) -> bool:
    """Tell whether a key has words in the user's language or in English."""
    languages = (words.language(), "en")
    for language in languages:
        load(language)
    return any(key in words.catalogue(language) for language in languages)


def recorded_text(value: Any) -> str:
    """Give a recorded text in the reader's language, or as it was recorded if its key is known here no more."""
    if not isinstance(value, Mapping):
        return str(value)
    return say_text(text_from(value)) if is_known(value) else str(value.get("text", value.get("key", "")))


def is_known(value: Mapping[str, Any]) -> bool:
    """Tell whether a text and those within it have words here: a plugin's have none where it isn't loaded."""
    inner = (item for item in dict(value.get("values") or {}).values() if isinstance(item, Mapping) and "key" in item)
    return "key" in value and knows(value["key"]) and all(is_known(item) for item in inner)


def text_from(value: Mapping[str, Any]) -> Text:
    """Read a recorded text."""
    values = {
        name: text_from(item) if isinstance(item, Mapping) and "key" in item else item
        for name, item in dict(value.get("values") or {}).items()
    }
    return Text(value["key"], values)
