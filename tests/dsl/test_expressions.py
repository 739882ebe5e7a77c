"""Expressions: arithmetic with units, conditionals, strings, functions."""

from __future__ import annotations

from typing import Any

import pytest
from llx.dsl.quantities import Quantity

from .fake import checked, codes, program

NAMES = 'let width = 128\nlet name = "a"\nlet sizes = { small = 64, big = [1, 2] }\n'


def value(expression: str) -> Any:
    return program(f"{NAMES}param x = {expression}").params["x"].value


def faults(expression: str) -> list[str]:
    return [one for one in codes(checked(f"{NAMES}param x = {expression}")) if not one.startswith("L09")]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("width / 64", 2),
        ("width / 3", 128 / 3),
        ("2 + 3 * 4 - 1", 13),
        ("(2 + 3) * -4", -20),
        ("10 - 3 - 2", 5),
        ("0.5 * 4", 2),
        ("10%", 0.1),
        ("8Ki / 2", 4096),
        ("2 * 3 h", Quantity(21600, "time")),
        ("3 h / 2", Quantity(5400, "time")),
        ("3 h / 30 min", 6),
        ("1 h + 30 min", Quantity(5400, "time")),
        ("-(3 steps)", Quantity(-3, "steps")),
        ("width > 3", True),
        ("1 h >= 60 min", True),
        ("not width == 128", False),
        ("false and true or true", True),
        ('name == "a"', True),
        ("none == 3", False),
        ("if width > 100 then 1 else 2", 1),
        ("if width < 100 then 1 else if true then 2 else 3", 2),
        ("if width == 0 then 0 else 1 / width", 1 / 128),
        ("if width > 0 then 5 else 1 / (width - 128)", 5),
        ('"${name}-${width}-${sizes.small}"', "a-128-64"),
        ('"${name}"', "a"),
        ("sizes.small + 1", 65),
        ('sizes["small"]', 64),
        ("sizes.big", [1, 2]),
        ("[width, width * 2]", [128, 256]),
        ("{ a = width }", {"a": 128}),
        ("min(3, 1, 2)", 1),
        ("max(3 h, 4 s)", Quantity(10800, "time")),
        ("abs(-3)", 3),
        ("abs(-3 steps)", Quantity(3, "steps")),
        ("round(2.5)", 2),
        ("round(2.567, 2)", 2.57),
        ("2 |> max(3)", 3),
        ("none", None),
    ],
)
def test_values(expression: str, expected: Any) -> None:
    found = value(expression)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("3 h + 2 tokens", ["L0309 2 tokens"]),
        ("3 h + 2", ["L0309 2"]),
        ("3 h * 2 h", ["L0309 2 h"]),
        ("2 / 3 h", ["L0309 3 h"]),
        ('1 + "x"', ['L0309 "x"']),
        ("true + 1", ["L0309 1"]),
        ("1 / 0", ["L0307 0"]),
        ("1 h / (width - 128)", ["L0307 width - 128"]),
        ("1e300 * 1e300", ["L0308 1e300 * 1e300"]),
        ("3 < true", ["L0309 true"]),
        ("true < false", ["L0309 false"]),
        ("3 == 3 h", ["L0309 3 h"]),
        ("not 3", ["L0301 3"]),
        ("3 and true", ["L0301 3"]),
        ("true and 3", ["L0301 3"]),
        ('-"x"', ['L0310 -"x"']),
        ("if 1 then 2 else 3", ["L0301 1"]),
        ("if true then 1 else nope", ["L0201 nope"]),
        ("if nope then 1 else nope2", ["L0201 nope", "L0201 nope2"]),
        ("[1, nope]", ["L0201 nope"]),
        ("sizes.smal", ["L0216 smal"]),
        ("width.x", ["L0409 x"]),
        ('"${sizes}"', ["L0313 sizes"]),
        ('"${nope}"', ["L0201 nope"]),
        ("min()", ["L0219 min()"]),
        ("abs(1, 2)", ["L0219 abs(1, 2)"]),
        ('max(1, "a")', ['L0310 max(1, "a")']),
        ("mix(1)", ["L0403 mix"]),
        ("mox(1)", ["L0212 mox"]),
        ("fast", ["L0201 fast"]),
        ("adamw", ["L0403 adamw"]),
        ("adamw {}", ["L0403 adamw"]),
        ("width {}", ["L0211 width"]),
        ("3 with { a = 1 }", ["L0408 3 with { a = 1 }"]),
    ],
)
def test_faults(expression: str, expected: list[str]) -> None:
    assert faults(expression) == expected


def test_mixed_units_are_shown_at_both_places() -> None:
    (one,) = [d for d in checked("let x = 3 h + 2 tokens").diagnostics if d.is_error]
    assert one.span is not None
    assert [one.span.text, *(label.span.text for label in one.labels)] == ["2 tokens", "3 h"]


def test_a_name_in_string_position_is_told_to_be_quoted() -> None:
    (one,) = [d for d in checked("let x = fast").diagnostics if d.is_error]
    assert [help.key for help in one.helps] == ["L0201.quotes"]


def test_the_values_behind_an_expression_are_noted() -> None:
    (one,) = [d for d in checked("let width = 100\nmodel m = decoder { heads = width / 64 }").diagnostics if d.is_error]
    assert [note.values for note in one.notes] == [
        {"expression": "width / 64", "value": "1.5625"},
        {"expression": "width", "value": "100"},
    ]
    assert [label.span.text for label in one.labels] == ["width"]


def test_doubling_text_again_and_again_is_stopped() -> None:
    lines = ['let a0 = "0123456789"'] + [f'let a{n} = "${{a{n - 1}}}${{a{n - 1}}}"' for n in range(1, 60)]
    assert [one.code for one in checked("\n".join(lines)).diagnostics if one.is_error] == ["L0308"]


def test_doubling_lists_again_and_again_is_stopped() -> None:
    lines = ["let a0 = [1, 2]"] + [f"let a{n} = [a{n - 1}, a{n - 1}]" for n in range(1, 60)]
    assert [one.code for one in checked("\n".join(lines)).diagnostics if one.is_error] == ["L0308"]


def test_squaring_again_and_again_is_stopped() -> None:
    lines = ["let a0 = 10"] + [f"let a{n} = a{n - 1} * a{n - 1}" for n in range(1, 60)]
    assert [one.code for one in checked("\n".join(lines)).diagnostics if one.is_error] == ["L0308"]


@pytest.mark.parametrize(
    ("text", "keys"), [("let a = 2 > 1 ? 2 : 3", ["L0112.choice"]), ("let a = 2 ?", []), ("let a = 2 @ 1 : 3", [])]
)
def test_a_choice_of_another_language_is_told_how_it_is_written(text: str, keys: list[str]) -> None:
    one = next(one for one in checked(text).diagnostics if one.code == "L0112")
    assert [help.key for help in one.helps] == keys
