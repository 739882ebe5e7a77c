"""Every text of the built-in components is there in both languages, is used, and nothing used is missing."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from llx.plugins.messages import AREAS, texts

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = re.compile(r'"(L\d{4}(?:\.[a-z_]+)?)"')


def used() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "plugins").rglob("*.py"):
        if path.parent.name != "messages":
            found |= set(KEY.findall(path.read_text(encoding="utf-8")))
    return found


def placeholders(text: str) -> set[str]:
    return {name.split(":")[0] for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_nothing_used_is_missing_and_nothing_is_left_over(language: str) -> None:
    known = {key for key in texts(language) if KEY.fullmatch(f'"{key}"')}
    assert used() - known == set()
    # A help may be found by its code alone.
    assert {key for key in known - used() if key.partition(".")[0] not in used()} == set()


def test_both_languages_say_the_same() -> None:
    english, japanese = texts("en"), texts("ja")
    assert english.keys() == japanese.keys()
    for key, text in english.items():
        assert placeholders(text) == placeholders(japanese[key]), key


@pytest.mark.parametrize("language", ["en", "ja"])
def test_no_text_is_in_two_areas(language: str) -> None:
    from importlib import import_module

    parts = [import_module(f"llx.plugins.messages.{language}_{area}").MESSAGES for area in AREAS]
    assert sum(map(len, parts)) == len(texts(language))
