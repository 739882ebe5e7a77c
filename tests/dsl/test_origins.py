"""Where values came from: written, by a param or a `let`, by `with`, by default, across files."""

from __future__ import annotations

from pathlib import Path

import pytest
from llx.dsl.check import check_file
from llx.dsl.origins import FieldOrigin, field_origin, item_origin, param_step
from llx.dsl.program import Program

from .fake import FakeCatalogue, program, shown

TEXT = """
param lr = 0.2
let half = lr / 2
data d = mix { sources = {} }
tokenizer t = train_bpe(d, vocab_size = 1Ki)
model gpt = decoder { layers = 3, heads = 2 }
stage pre = train { model = gpt, tokenizer = t, data = d, optimizer = adamw { lr = lr } }
stage slow = pre with { optimizer.lr = half, patience = 3 }
stage slower = slow with { optimizer.lr = lr / 4, optimizer.weight_decay = max(half, 0.1) }
"""


def origin(made: Program, name: str, path: str) -> FieldOrigin:
    *way, field = path.split(".")
    value = made.everything[name].value
    for step in way:
        value = getattr(value, step)
    return field_origin(made, value, field)


def places(found: FieldOrigin) -> tuple[str, str | None, str | None]:
    """Give the sort, the text at the place, and what stood there before."""
    return found.sort, found.span.text if found.span else None, found.before.text if found.before else None


@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        ("gpt", "layers", ("written", "3", None)),
        ("gpt", "hidden_size", ("default", None, None)),
        ("pre", "model", ("written", "gpt", None)),
        ("pre", "optimizer.lr", ("param", "lr", None)),
        ("pre", "optimizer.betas", ("default", None, None)),
        ("slow", "optimizer.lr", ("with", "half", "lr")),
        ("slow", "optimizer", ("with", "half", "adamw { lr = lr }")),
        ("slow", "patience", ("with", "3", None)),
        ("slow", "model", ("written", "gpt", None)),
        ("slower", "optimizer.lr", ("with", "lr / 4", "half")),
        ("slower", "optimizer.weight_decay", ("with", "max(half, 0.1)", None)),
        ("slower", "patience", ("with", "3", None)),
    ],
)
def test_sorts_and_places(name: str, path: str, expected: tuple[str, str | None, str | None]) -> None:
    assert places(origin(program(TEXT), name, path)) == expected


def test_the_names_behind_a_value() -> None:
    made = program(TEXT, params=["lr=0.4"])
    found = origin(made, "slow", "optimizer.lr")
    assert [(step.sort, step.name, step.value, step.how) for step in found.steps] == [
        ("let", "half", 0.2, "written"),
        ("param", "lr", 0.4, "given"),
    ]
    assert [step.place.text for step in found.steps] == ["lr / 2", "0.4"]
    assert [step.declared.line for step in found.steps] == [3, 2]
    weight = origin(made, "slower", "optimizer.weight_decay")
    assert [step.name for step in weight.steps] == ["half", "lr"]
    assert origin(made, "slow", "optimizer").steps == ()


def test_only_what_lies_within_is_marked_so() -> None:
    made = program(TEXT)
    assert [origin(made, "slow", path).within for path in ("optimizer", "optimizer.lr", "patience")] == [
        True,
        False,
        False,
    ]


def test_a_default_that_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'param seed = env("LLX_TEST_SEED", 3)\nexperiment e { seed = seed }'
    made = program(text)
    assert param_step(made, made.scopes[""], made.params["seed"]).how == "default"
    monkeypatch.setenv("LLX_TEST_SEED", "4")
    made = program(text)
    (step,) = field_origin(made, made.settings, "seed").steps
    assert (step.how, step.value) == ("environment", 4)


def test_across_files(tmp_path: Path) -> None:
    (tmp_path / "lib.llx").write_text(
        "param size = 64\nlet twice = size * 2\nmodel gpt = decoder { hidden_size = twice, layers = 3 }"
    )
    (tmp_path / "main.llx").write_text(
        'param mine = 32\nimport "lib.llx" as lib { size = mine * 2 }\nmodel m = lib.gpt with { layers = mine }'
    )
    checked = check_file(tmp_path / "main.llx", FakeCatalogue(), root=tmp_path, params=["mine=16"])
    made = checked.program
    assert made is not None, shown(checked)
    found = origin(made, "m", "hidden_size")
    assert found.span is not None
    assert (found.sort, Path(found.span.source.name).name) == ("let", "lib.llx")
    assert [(step.name, step.value, step.how) for step in found.steps] == [
        ("lib.twice", 64, "written"),
        ("lib.size", 32, "import"),
        ("mine", 16, "given"),
    ]
    changed = origin(made, "m", "layers")
    assert (places(changed), changed.steps[0].name) == (("with", "mine", "3"), "mine")


def test_items_of_maps_and_lists() -> None:
    text = "param lr = 0.5\ndata d = mix { sources = {}, weights = { a = 1, b = lr } }\n"
    text += "data e = d with { weights.a = 2 }\nmodel m = decoder {}\n"
    text += "stage s = train { model = m, tokenizer = train_bpe(d, vocab_size = 1Ki), data = e, "
    text += "optimizer = adamw { betas = [lr, 0.9] } }"
    made = program(text)
    weights = made.everything["e"].value
    assert places(item_origin(made, weights, "weights", "b")) == ("param", "lr", None)
    assert places(item_origin(made, weights, "weights", "c"))[0] == "with"
    optimizer = made.everything["s"].value.optimizer
    assert [places(item_origin(made, optimizer, "betas", n))[1] for n in (0, 1)] == ["lr", "0.9"]
    assert item_origin(made, optimizer, "lr", 0).sort == "default"
