"""Messages: both languages say the same, and values are put in as each would write them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from llx.dsl.diagnostics import words
from llx.dsl.diagnostics.model import Text
from llx.dsl.diagnostics.summary import summary
from llx.dsl.parser import parse
from llx.dsl.source import Source

DSL = Path(words.__file__).parents[1]


def test_both_languages_have_the_same_messages_and_placeholders() -> None:
    english, japanese = words.catalogue("en"), words.catalogue("ja")
    assert english.keys() == japanese.keys()
    for key, text in english.items():
        placeholders = sorted(re.findall(r"\{\w+", text))
        assert placeholders == sorted(re.findall(r"\{\w+", japanese[key])), key


def test_every_message_that_this_floor_uses_is_there() -> None:
    used = set()
    for path in DSL.rglob("*.py"):
        used |= set(re.findall(r"\"(L0[16]\d\d(?:\.\w+)?|syntax\.\w+)\"", path.read_text(encoding="utf-8")))
    assert used - {key for key in used if key.endswith(".")} <= words.catalogue("en").keys()


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "C", "LANG": "ja_JP.UTF-8"}, "en"),
        ({"LC_MESSAGES": "ja_JP.UTF-8", "LANG": "en_US.UTF-8"}, "ja"),
        ({"LLX_LANG": "en", "LANG": "ja_JP.UTF-8"}, "en"),
        ({"LLX_LANG": "ja", "LC_ALL": "en_US.UTF-8"}, "ja"),
        ({"LLX_LANG": "", "LANG": "ja_JP.UTF-8"}, "ja"),
    ],
)
def test_the_language(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str) -> None:
    for name in ("LLX_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert words.language() == expected


def test_lists_and_texts_are_joined_as_the_language_does() -> None:
    three = [Text("syntax.value"), Text("syntax.sign", {"text": ")"}), Text("syntax.end")]
    assert (
        words.render(Text("L0101.label", {"expected": three}), "en") == "expected a value, `)`, or the end of the line"
    )
    assert words.render(Text("L0101.label", {"expected": three[:2]}), "en") == "expected a value or `)`"
    assert words.render(Text("L0101.label", {"expected": three[:2]}), "ja") == "値または `)` が必要です"
    assert words.render(Text("L0108.units", {"units": ("s", "h")}), "en") == "units are s, h"


def test_japanese_letters_have_no_blank_between_them() -> None:
    slot = Text("slot.item", {"of": "`metrics`"})
    wanted = {"slot": slot, "wanted": Text("type.string", {}), "given": "3"}
    assert words.render(Text("L0301", wanted), "ja").startswith("`metrics` の要素には"), (
        "the value ends as the text goes on"
    )
    assert (
        words.render(Text("L0206.label", {"fields": ["`data`", "`budget`"]}), "ja") == "`data` と `budget` が必要です"
    )
    for language in ("en", "ja"):
        words.register(language, {"test:kept": "{a} {b}"})
    assert words.render(Text("test:kept", {"a": "日 本 ", "b": " x"}), "ja") == "日 本   x", "only at the seams"


def test_values_can_hold_braces_and_control_characters() -> None:
    assert words.render(Text("L0112", {"text": "{text}\x1b[0m\u202e"}), "en") == (
        "unexpected character `{text}<U+001B>[0m<U+202E>`"
    )


def test_an_unknown_message_is_shown_by_its_key() -> None:
    assert words.render(Text("focal:nobody", {"a": 1, "b": Text("syntax.value")}), "ja") == "focal:nobody (a: 1, b: 値)"


def test_other_floors_and_plugins_register_theirs() -> None:
    words.register("en", {"test:one": "one {thing}"})
    assert words.render(Text("test:one", {"thing": 1}), "en") == "one 1"
    assert words.render(Text("test:one", {"thing": 1}), "ja") == "one 1", "English stands in"
    words.register("ja", {"test:one": "一つの{thing}"})
    assert words.render(Text("test:one", {"thing": 1}), "ja") == "一つの1"
    words.register("en", {"test:one": "one {thing}"})
    with pytest.raises(ValueError, match="test:one"):
        words.register("en", {"test:one": "another"})


@pytest.mark.parametrize(
    ("name", "candidates", "expected"),
    [
        ("learning_rate", ["lr", "betas", "eps", "weight_decay"], ["lr"]),
        ("hiden_size", ["hidden_size", "layers", "heads"], ["hidden_size"]),
        ("lyaers", ["hidden_size", "layers", "heads"], ["layers"]),
        ("Layers", ["layers", "heads"], ["layers"]),
        ("head", ["heads", "kv_heads"], ["heads"]),
        ("size_hidden", ["hidden_size", "layers"], ["hidden_size"]),
        ("weight-decay", ["weight_decay"], ["weight_decay"]),
        ("\u0430damw", ["adamw", "sgd"], ["adamw"]),
        ("ｌｒ", ["lr"], ["lr"]),
        ("adam", ["adamw", "sgd"], ["adamw"]),
        ("rl", ["lr"], ["lr"]),
        ("x", ["y", "z"], []),
        ("banana", ["lr", "betas", "eps", "weight_decay"], []),
        ("lr", ["lr"], []),
        ("toknes", ["steps", "tokens"], ["tokens"]),
        ("", ["a"], []),
    ],
)
def test_similar_names(name: str, candidates: list[str], expected: list[str]) -> None:
    assert words.similar(name, candidates)[:1] == expected


def test_a_name_in_other_letters_is_the_only_one_meant() -> None:
    assert words.similar("Heads", ["heads", "kv_heads"]) == ["heads"]
    assert words.similar("header", ["heads", "header_size"]) == ["heads", "header_size"]


def test_the_summary() -> None:
    _, one = parse(Source("a", "let a ="))
    assert summary(one, "en") == "1 error"
    assert summary(one * 2, "ja") == "エラー 2 件"
    assert summary([], "en") == ""
