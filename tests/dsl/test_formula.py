"""Formulas: what they come to once the values of their names are known, and how they are written."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from llx.dsl.diagnostics.model import Text
from llx.dsl.diagnostics.words import render
from llx.dsl.formula import Formula, Known, Output, RowField, Undefined
from llx.dsl.quantities import Quantity

from .fake import checked, codes, program

BASE = """
param least = 70%
data corpus = text("a.txt") |> split(validation = 10%)
model gpt = decoder {}
stage pre = train { model = gpt, tokenizer = train_bpe(corpus.train, vocab_size = 1Ki), data = corpus }
eval scores = evaluate(pre, data = corpus.validation)
audit bias = by_label(pre)
"""

VALUES: dict[str, Any] = {
    "scores.accuracy": 0.75,
    "pre.loss": 3.0,
    "bias.gap": 0,
    'bias.by_group["f"]': 0.5,
    "bias.energy": Quantity(7200, "energy"),
}


@pytest.fixture(autouse=True)
def root(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("x")
    return tmp_path


def expect(text: str, root: Path) -> Formula:
    return program(f"{BASE}expect e = {text}", root).expects["e"].formula


def look(name: Output | RowField) -> Any:
    return VALUES.get(name.text, Undefined(Text("test.missing"), name))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("scores.accuracy > least", True),
        ("scores.accuracy > 80%", False),
        ("pre.loss > 70%", True),
        ("pre.loss / 2 - 1 == 0.5", True),
        ("-pre.loss < 0 and not (bias.gap != 0)", True),
        ("bias.energy <= 2 Wh", True),
        ("bias.energy / 2 == 1 Wh", True),
        ('bias.by_group["f"] < scores.accuracy', True),
        ("if pre.loss > 2 then scores.accuracy > 1 else true", False),
        ("max(pre.loss, 4) + abs(bias.gap - 2) + round(pre.loss / 2) == 8", True),
        # What has no value counts only where it decides.
        ('bias.by_group["x"] > 0 or pre.loss == 3', True),
        ('bias.by_group["x"] > 0 and pre.loss == 4', False),
        ('if pre.loss == 3 then true else bias.by_group["x"] > 0', True),
    ],
)
def test_the_value(text: str, value: object, root: Path) -> None:
    assert expect(text, root).evaluate(look) is value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('bias.by_group["x"] > 0', "test.missing"),
        ('bias.by_group["x"] > 0 and pre.loss == 3', "test.missing"),
        ("1 / bias.gap > 3", "formula.zero"),
        ("pre.loss * 1e308 > 3", "formula.large"),
    ],
)
def test_no_value_has_a_reason(text: str, reason: str, root: Path) -> None:
    value = expect(text, root).evaluate(look)
    assert isinstance(value, Undefined)
    assert value.reason.key == reason


def test_a_number_that_is_none_has_no_value(root: Path) -> None:
    value = expect("scores.accuracy < 3", root).evaluate(lambda name: math.nan)
    assert isinstance(value, Undefined)
    assert render(value.reason, "en") == "`scores.accuracy` is not a number (NaN)"
    assert expect("pre.loss < 3", root).evaluate(lambda name: math.inf) is False


@pytest.mark.parametrize(
    "text",
    [
        "scores.accuracy > least + 0.1",
        "(scores.accuracy + 1) * 2 > 3",
        "scores.accuracy - (pre.loss - 1) < 3",
        "pre.loss / (scores.accuracy * 2) < 3",
        "not (pre.loss < 3 or scores.accuracy > 70%) and true",
        "(if pre.loss > 3 then 1 else pre.loss) < 8Ki",
        'min(bias.by_group["f"], -pre.loss) != 1e-3',
        "bias.energy > 2 * 30 Wh",
        "(pre.loss > 3) == (scores.accuracy > 3)",
        "-(pre.loss + 1) < 3",
    ],
)
def test_it_is_written_as_it_was(text: str, root: Path) -> None:
    assert str(expect(text, root)) == text


def test_it_is_shown_with_values(root: Path) -> None:
    formula = expect("scores.accuracy > least and pre.loss < 3", root)

    def name(term: Known | Output | RowField) -> str:
        return f"{term.text} {term.value}" if isinstance(term, Known) and term.named else term.text

    assert formula.show(name) == "scores.accuracy > least 0.7 and pre.loss < 3"


def test_what_it_refers_to(root: Path) -> None:
    result = program(f'{BASE}expect e = scores.accuracy > bias.by_group["f"] + scores.accuracy', root)
    formula = result.expects["e"].formula
    assert [output.text for output in formula.outputs] == ["scores.accuracy", 'bias.by_group["f"]']
    assert formula.outputs[1].keys == ("f",)
    assert [reference.task for reference in formula.references] == [
        result.declarations[name].value for name in ("scores", "bias")
    ]


def test_a_row_condition_reads_strings_as_numbers(root: Path) -> None:
    result = program(f'{BASE}data d = filter(corpus, where = row.stars * 2 > 3 and row["the label"] == "x")', root)
    where = result.declarations["d"].value.where
    assert [field.name for field in where.fields] == ["stars", "the label"]
    row = {"stars": " 2 ", "the label": "x"}
    assert where.evaluate(lambda field: row[field.name]) is True
    row["stars"] = "many"
    assert isinstance(where.evaluate(lambda field: row[field.name]), Undefined)


def test_an_expectation_uses_what_it_names(root: Path) -> None:
    result = checked(f"{BASE}let most = 3\nlet other = 3\nexpect e = pre.loss < most + least", root)
    assert codes(result) == ["L0903 other"]


def test_a_chain_may_be_as_long_as_any(root: Path) -> None:
    chain = " + ".join(["pre.loss"] * 100)
    assert expect(f"{chain} == 300", root).evaluate(look) is True


def test_an_output_is_no_value_elsewhere(root: Path) -> None:
    result = checked(f"{BASE}let x = e\nexpect e = pre.loss > 3\nparam e2 = pre.loss", root)
    assert sorted(codes(result)) == ["L0236 e", "L0406 pre.loss"]
