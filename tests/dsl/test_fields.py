"""Fields: which are known, which are needed, and what fits each."""

from __future__ import annotations

import pytest

from .fake import checked, codes, program, shown


def model(entries: str) -> list[str]:
    found = codes(checked(f"model m = decoder {{ {entries} }}"))
    return [one for one in found if not one.startswith("L0905")]


def optimizer(entries: str) -> list[str]:
    return [one for one in codes(checked(f"optimizer o = adamw {{ {entries} }}")) if not one.startswith("L0905")]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ("layers = 3", []),
        ("layers = 12 / 4", []),
        ("layers = 0.5 * 8", []),
        ("layers = 3.0", ["L0305 3.0"]),
        ("layers = 13 / 4", ["L0305 13 / 4"]),
        ("layers = 0", ["L0302 0"]),
        ("layers = -1", ["L0302 -1"]),
        ("layers = true", ["L0301 true"]),
        ("layers = none", ["L0301 none"]),
        ("layers = 3 tokens", ["L0301 3 tokens"]),
        ("layers = [3]", ["L0301 [3]"]),
        ("layers = { a = 3 }", ["L0301 { a = 3 }"]),
        ('layers = "3"', ['L0301 "3"']),
        ("dropout = 10%", []),
        ("dropout = 1", []),
        ("dropout = 101%", ["L0302 101%"]),
        ("layer = 3", ["L0203 layer"]),
        ("layers = 3, layers = 4", ["L0205 layers"]),
        ("layer = 3, dropout = 2, heads = 0.5", ["L0203 layer", "L0302 2", "L0305 0.5"]),
    ],
)
def test_number_fields(entries: str, expected: list[str]) -> None:
    assert model(entries) == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("batch = 32Ki tokens", []),
        ("batch = 8 examples * 4", []),
        ("batch = 32Ki", ["L0304 32Ki"]),
        ("batch = 3 h", ["L0303 3 h"]),
        ("batch = 0 tokens", ["L0306 0 tokens"]),
        ("batch = 10 tokens / 4", ["L0305 10 tokens / 4"]),
        ("budget = [20M tokens, 3 h]", []),
        ("budget = 3 epochs", []),
        ("budget = [3 epochs, 3 GB, 3]", ["L0303 3 GB", "L0304 3"]),
        ("schedule = cosine { warmup = 0 steps }", []),
        ("schedule = cosine { warmup = 3 h }", ["L0303 3 h"]),
        ("schedule = cosine { warmup = 3 steps - 4 steps }", ["L0306 3 steps - 4 steps"]),
        ("schedule = none", []),
        ("schedule = linear", []),
        ("schedule = linear()", []),
        ("schedule = lnear", ["L0207 lnear"]),
        ("schedule = lnear {}", ["L0207 lnear"]),
        ("schedule = adamw", ["L0403 adamw"]),
        ("schedule = adamw { lr = 3 }", ["L0403 adamw"]),
        ('schedule = "linear"', ['L0301 "linear"']),
        ("save = 3 B", []),
        ("save = 3B", ["L0304 3B"]),
        ("precision = bf16", []),
        ("precision = bf17", ["L0210 bf17"]),
        ('precision = "bf16"', ['L0311 "bf16"']),
        ("precision = 16", ["L0301 16"]),
        ("select = loss", []),
        ("select = accuracy", []),
        ("select = los", ["L0201 los"]),
        ("patience = none", []),
        ("patience = 3", []),
        ("compile = true", []),
        ("compile = 1", ["L0301 1"]),
        ("compile = 3 > 2 and not false", []),
        ('notes = { a = "b" }', []),
        ("notes = { a = 3, b = c, a = 3 }", ["L0301 3", "L0201 c", "L0205 a", "L0301 3"]),
        ("optimizer = { lr = 3 }", ["L0301 { lr = 3 }"]),
        ("optimizer = adamw(0.1)", []),
        ("optimizer = adamw(0.1, 2)", ["L0209 2"]),
        ("optimizer = adamw(0.1, lr = 2)", ["L0205 lr"]),
        ("optimizer = sgd", ["L0206 sgd"]),
        ("optimizer = sgd {}", ["L0206 sgd"]),
        ("optimizer = extra.sgd {}", ["L0207 extra.sgd"]),
        ("budget = min(3 h, 4 h)", []),
        ("budget = min(3 h, 4 tokens)", ["L0310 min(3 h, 4 tokens)"]),
    ],
)
def test_fields_of_other_types(entry: str, expected: list[str]) -> None:
    # `lost` is a name that nothing is said of: its statement leads nowhere.
    text = f'import "x" as lost\nstage s = finetune {{ from = lost, data = lost, {entry} }}'
    found = [one for one in codes(checked(text)) if not one.startswith("L0250")]
    assert found == expected


def test_missing_fields_are_one_diagnostic_with_their_types() -> None:
    result = checked("stage s = train { batch = 3 tokens }")
    assert codes(result) == ["L0206 train"]
    (one,) = result.diagnostics
    assert one.message.values["fields"] == ["`model`", "`tokenizer`", "`data`"]
    assert [note.values["field"] for note in one.notes] == ["model", "tokenizer", "data"]


def test_missing_fields_are_not_said_of_a_call_that_could_not_be_read() -> None:
    assert codes(checked("stage s = train { = 3, batch = 3 }")) == ["L0101 =", "L0304 3"]


def test_an_unknown_field_names_a_similar_one_and_all() -> None:
    (one,) = checked("optimizer o = adamw { learning_rate = 6e-4 }\nstage s = train {").diagnostics[:1]
    assert one.code == "L0203"
    assert one.fixes[0].replacement == "lr"
    assert one.notes[0].values["fields"] == ["lr", "weight_decay", "betas"]


def test_the_rules_of_a_component_point_at_the_field_and_the_item() -> None:
    assert optimizer("betas = [0.9, 1.5]") == ["L0598 1.5"]
    assert model("heads = 5") == ["L0599 5"]


def test_a_broken_child_hides_no_mistake_of_its_parent() -> None:
    text = "stage s = train { optimizer = adamw { lr = -1 }, batch = 3, precision = x }"
    assert codes(checked(text)) == ["L0206 train", "L0302 -1", "L0304 3", "L0210 x"]


def test_positional_and_named_and_block_build_the_same() -> None:
    written = [
        "adamw(0.1, weight_decay = 0.2)",
        "adamw { lr = 0.1, weight_decay = 0.2 }",
        "adamw(0.1) { weight_decay = 0.2 }",
    ]
    values = [program(f"optimizer o = {one}").declarations["o"].value.plain() for one in written]
    assert values[0] == values[1] == values[2]


def test_origins_hold_the_place_of_each_field() -> None:
    text = "model m = decoder { layers = 3, heads = 8 }"
    result = program(text)
    value = result.declarations["m"].value
    assert result.place(value).text == "decoder { layers = 3, heads = 8 }"
    assert result.place(value, "heads").text == "8"
    assert result.place(value, "dropout").text == "decoder { layers = 3, heads = 8 }"
    assert result.label(value) == "m"


def test_help_for_bytes_and_billions() -> None:
    text = 'import "x" as lost\nstage s = finetune { from = lost, data = lost, save = 3B, patience = 3 B }'
    found = [one for one in checked(text).diagnostics if one.code != "L0250"]
    assert [one.fixes[0].replacement for one in found] == ["3 B", "3B"]
    assert shown(checked(text))
