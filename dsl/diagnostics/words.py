"""The words of diagnostics: which language they speak, and a message from its key and values."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping
from importlib import import_module

from .model import Text
from .similar import similar

LANGUAGES = ("en", "ja")
_OWN = ("", "_meaning", "_modules", "_sweeps")
"""Modules of this floor's own messages: `en`, `en_meaning`, …"""
_PLACEHOLDER = re.compile(r"\{(\w+)(?::(\w+))?\}")

_catalogues: dict[str, dict[str, str]] = {}
_registered: dict[str, dict[str, str]] = {}


def language() -> str:
    """Give the language that diagnostics speak: LLX_LANG, else the locale's, else English."""
    for variable in ("LLX_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable)
        if value:
            return next((known for known in LANGUAGES if value.lower().startswith(known)), "en")
    return "en"


def register(language: str, messages: Mapping[str, str]) -> None:
    """Add messages to a language's catalogue; one key with two texts is a mistake of the caller."""
    known = _registered.setdefault(language, {})
    clashes = [key for key, text in messages.items() if known.get(key, text) != text]
    if clashes:
        raise ValueError(f"messages registered twice with different texts ({language}): {', '.join(clashes)}")
    known.update(messages)
    _catalogues.pop(language, None)


def catalogue(language: str) -> Mapping[str, str]:
    """Give all messages of a language by key."""
    if language not in _catalogues:
        messages: dict[str, str] = {}
        for part in _OWN:
            messages.update(import_module(f".messages.{language}{part}", __package__).MESSAGES)
        _catalogues[language] = messages | _registered.get(language, {})
    return _catalogues[language]


def render(text: Text, language: str) -> str:
    """Put a message into words: `{name}` is a value, `{name:or}` a list whose last two are joined by "or".

    Values that are Texts are rendered too; lists are joined by commas. A message that a language lacks is
    taken from English, and one that nobody has is shown by its key, with its values.
    """
    template = catalogue(language).get(text.key) or catalogue("en").get(text.key)
    if template is None:
        values = ", ".join(f"{name}: {_value(value, '', language)}" for name, value in text.values.items())
        return f"{text.key} ({values})" if values else text.key

    parts: list[str] = []
    done = 0
    for match in _PLACEHOLDER.finditer(template):
        name, joined = match.groups()
        value = _value(text.values[name], joined or "", language) if name in text.values else match.group()
        parts += [template[done : match.start()], value]
        done = match.end()
    return _set([*parts, template[done:]])


def word(key: str, language: str, **values: object) -> str:
    """Put a message without a Text of its own into words."""
    return render(Text(key, values), language)


def _value(value: object, joined: str, language: str) -> str:
    if isinstance(value, Text):
        return render(value, language)
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(map(str, value)) if isinstance(value, (set, frozenset)) else list(value)
        return _joined([_value(item, "", language) for item in items], joined, language)
    return visible(str(value))


def _joined(items: list[str], how: str, language: str) -> str:
    comma = catalogue(language)["words.comma"]
    if not how or len(items) < 2:
        return comma.join(items)
    last = catalogue(language)[f"words.{how}" if len(items) == 2 else f"words.{how}.last"]
    return _set([comma.join(items[:-1]), last, items[-1]])


def _set(parts: list[str]) -> str:
    """Set pieces one after another; a blank at a seam is left out between Japanese letters, which have none."""
    if all(map(str.isascii, parts)):
        return "".join(parts)
    whole = ""
    for part in filter(None, parts):
        if part.startswith(" ") and _is_wide(whole[-1:]) and _is_wide(part[1:2]):
            part = part[1:]
        elif whole.endswith(" ") and _is_wide(whole[-2:-1]) and _is_wide(part[:1]):
            whole = whole[:-1]
        whole += part
    return whole


def _is_wide(character: str) -> bool:
    return character > "\u2e7f" and unicodedata.east_asian_width(character) in "WF"


def visible(text: str) -> str:
    """Write control and invisible characters as codes: a message must not steer the terminal it is shown on."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(shown, text))


def shown(character: str) -> str:
    """Give a character as it may be shown."""
    if character.isprintable() or character in "\u3000\u00a0":
        return character
    if unicodedata.category(character) in ("Mn", "Mc"):
        return character
    return f"<U+{ord(character):04X}>"


__all__ = ["LANGUAGES", "catalogue", "language", "register", "render", "shown", "similar", "visible", "word"]
