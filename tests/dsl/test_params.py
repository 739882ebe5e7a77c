"""Params: the only knobs from outside."""

from __future__ import annotations

import pytest

from .fake import checked, codes, program

MODELS = "model small = decoder {}\nmodel large = decoder { layers = 9 }\ndata d = mix { sources = {} }\n"


def errors(text: str, *params: str) -> list[str]:
    result = checked(text, params=params)
    return [code for code, one in zip(codes(result), result.diagnostics, strict=True) if one.is_error]


def test_a_value_from_outside_takes_the_place_of_the_default() -> None:
    text = "param width = 64\nparam double = width * 2"
    result = program(text, params=["width=128"])
    assert {name: (knob.value, knob.given) for name, knob in result.params.items()} == {
        "width": (128, True),
        "double": (256, False),
    }


def test_a_value_from_outside_is_an_expression_of_the_language() -> None:
    result = program("let base = 3\nparam n = 1\nparam t: time = 1 h", params=["n=base * 2", "t = 30 min"])
    assert (result.params["n"].value, str(result.params["t"].value)) == (6, "30 min")


@pytest.mark.parametrize(
    ("declared", "given", "expected"),
    [
        ("x: int = 1", "x=2", []),
        ("x: int = 1", "x=2.5", ["L0305 2.5"]),
        ("x: number = 1", "x=2.5", []),
        ("x = 1", "x=2.5", []),
        ("x = 1", "x=true", ["L0301 true"]),
        ("x = 1", 'x="a"', ['L0301 "a"']),
        ("x = true", "x=false", []),
        ("x = true", "x=0", ["L0301 0"]),
        ("x: text = none", 'x="a"', ["L0301 none"]),
        ('x = "a"', "x=b", ["L0201 b"]),
        ('x = "a"', 'x="b"', []),
        ("x: time = 1 h", "x=3 min", []),
        ("x: time = 1 h", "x=3 tokens", ["L0303 3 tokens"]),
        ("x = 1 h", "x=3", ["L0304 3"]),
        ("x: quantity = 1 h", "x=3 tokens", []),
        ("x = [1]", "x=[2, 3]", []),
        ("x = [1]", "x=2", ["L0301 2"]),
        ("x = { a = 1 }", "x={ b = 2 }", []),
        ("x: tme = 1 h", "x=3 min", ["L0215 tme"]),
        ("x = 1", "x=", ["L0101"]),
        ("x = 1", "y=1", ["L0222 y"]),
        ("x = 1", "x", ["L0214 x"]),
        ("x = 1", "=1", ["L0214 =1"]),
        ("x = y", "x=3", ["L0201 y"]),
        ("x: int = 1.5", "x=3", ["L0305 1.5"]),
        ("x = 1", 'x=env("HOME")', ['L0217 env("HOME")']),
    ],
)
def test_types(declared: str, given: str, expected: list[str]) -> None:
    assert errors(f"param {declared}", given) == expected


def test_a_param_that_could_not_be_read_is_not_said_to_be_missing() -> None:
    assert [code.split()[0] for code in errors("param x: = 1", "x=2")] == ["L0101"]


def test_a_shell_takes_quotes_away() -> None:
    (one,) = [d for d in checked('param x = "a"', params=["x=b"]).diagnostics if d.is_error]
    assert [help.key for help in one.helps] == ["L0201.shell"]


def test_a_second_value_is_refused() -> None:
    assert errors("param x = 1", "x=2", "x=3") == ["L0213 x=3"]


def test_nothing_but_params_can_be_set() -> None:
    (one,) = [d for d in checked("let x = 1\nparam xs = 2", params=["x=2"]).diagnostics if d.is_error]
    assert (one.code, [label.span.text for label in one.labels]) == ("L0222", ["x"])


def test_names_from_outside_are_compared_in_nfc() -> None:
    assert program("param デ = 1", params=["テ\u3099=2"]).params["デ"].value == 2


def test_a_param_of_a_kind_takes_a_declaration() -> None:
    text = (
        MODELS
        + "param base: model = small\nparam source: data = d\nmodel x = base with { heads = 2 }\ndata c = clean(source)"
    )
    result = program(text, params=["base=large"])
    assert result.declarations["x"].value.layers == 9
    assert result.declarations["c"].value.data.task is result.declarations["d"].value
    assert (result.params["base"].value, result.params["source"].value) == ("large", "d")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("base=decoder {}", ["L0218 decoder {}"]),
        ("base=d", ["L0403 d"]),
        ("base=huge", ["L0207 huge"]),
        ("base=3", ["L0301 3"]),
    ],
)
def test_a_param_of_a_kind_takes_nothing_else(given: str, expected: list[str]) -> None:
    assert errors(MODELS + "param base: model = small", given) == expected


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLX_TEST", "30 min")
    monkeypatch.delenv("LLX_NOT_SET", raising=False)
    text = 'param a = env("LLX_TEST", 1 h)\nparam b: text = env("LLX_TEST")\nparam c = env("LLX_NOT_SET", 3) * 2'
    values = {name: str(knob.value) for name, knob in program(text).params.items()}
    assert values == {"a": "30 min", "b": "30 min", "c": "6"}


def test_the_environment_is_read_in_defaults_of_params_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLX_TEST", "a b")
    monkeypatch.delenv("LLX_NOT_SET", raising=False)
    assert errors('let x = env("LLX_TEST")') == ['L0217 env("LLX_TEST")']
    assert errors('param y = x\nlet x = env("LLX_TEST")') == ['L0217 env("LLX_TEST")']
    assert errors('param x = env("LLX_NOT_SET")') == ['L0220 env("LLX_NOT_SET")']
    assert errors("param x = env(3)") == ["L0219 env(3)"]
    assert errors('param x: int = env("LLX_TEST", 3)')[0].startswith("L0101")
