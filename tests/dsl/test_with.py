"""`with`: descriptions with some entries changed."""

from __future__ import annotations

from typing import Any

import pytest

from .fake import checked, codes, program

BASE = """
model gpt = decoder { layers = 3, hidden_size = 128, heads = 8 }
optimizer calm = adamw { lr = 0.1, weight_decay = 0.2 }
data d = mix { sources = {}, weights = { a = 1, b = 2 } }
tokenizer t = train_bpe(d, vocab_size = 1Ki)
stage pre = train { model = gpt, tokenizer = t, data = d, optimizer = calm, notes = { a = "x" } }
stage plain = train { model = gpt, tokenizer = t, data = d }
"""


def value(text: str) -> Any:
    return program(BASE + text).declarations["x"].value


def errors(text: str) -> list[str]:
    result = checked(BASE + text)
    return [code for code, one in zip(codes(result), result.diagnostics, strict=True) if one.is_error]


def test_only_what_is_named_changes() -> None:
    assert value("model x = gpt with { layers = 4 }").arguments == {"layers": 4, "hidden_size": 128, "heads": 8}


def test_the_base_stays() -> None:
    result = program(BASE + "model x = gpt with { layers = 4 }")
    assert result.declarations["gpt"].value.layers == 3


def test_within_what_a_name_stands_for() -> None:
    changed = value("stage x = pre with { optimizer.lr = 0.3, model.layers = 9 }")
    assert changed.optimizer.arguments == {"lr": 0.3, "weight_decay": 0.2}
    assert changed.model.arguments["layers"] == 9


def test_within_a_default() -> None:
    assert value("stage x = plain with { optimizer.lr = 0.3 }").optimizer.plain() == ("optimizer", "adamw", {"lr": 0.3})


def test_within_a_task_that_is_referred_to() -> None:
    changed = value("stage x = pre with { tokenizer.vocab_size = 2Ki, data.weights.a = 5 }")
    assert changed.tokenizer.task.vocab_size == 2048
    assert changed.data.task.weights == {"a": 5, "b": 2}
    assert changed.data.output == "dataset"


def test_within_a_map() -> None:
    assert value('stage x = pre with { notes.b = "y" }').notes == {"a": "x", "b": "y"}


def test_within_a_default_again() -> None:
    changed = value("stage x = plain with { optimizer.lr = 0.3 } with { optimizer.weight_decay = 0.1 }")
    assert changed.optimizer.arguments == {"lr": 0.3, "weight_decay": 0.1}
    again = value("stage x = plain with { optimizer.lr = 0.3 } with { optimizer.lr = 0.4 }")
    assert again.optimizer.arguments == {"lr": 0.4}


def test_a_whole_component_in_place_of_a_changed_one() -> None:
    changed = value("stage x = pre with { optimizer.lr = 0.3 } with { optimizer = sgd { lr = 2 } }")
    assert changed.optimizer.plain() == ("optimizer", "sgd", {"lr": 2})


def test_within_anonymous_tasks() -> None:
    text = """
data fine = clean(clean(d, min_chars = 3), min_chars = 4)
data both = mix { sources = { a = fine, b = clean(d) } }
data x = both with { sources.a.data.min_chars = 5, sources.b.data.weights.a = 7 }
"""
    changed = value(text)
    assert changed.sources["a"].task.data.task.min_chars == 5
    assert changed.sources["a"].task.min_chars == 4
    assert changed.sources["b"].task.data.task.weights == {"a": 7, "b": 2}
    assert program(BASE + text).declarations["fine"].value.data.task.min_chars == 3


def test_a_base_that_is_chosen() -> None:
    text = "param big = true\nmodel other = encoder { layers = 9 }\n"
    text += "model x = (if big then gpt else other) with { layers = 4 }\nstage s = pre with { model = x }"
    for params, name in (([], "decoder"), (["big=false"], "encoder")):
        made = program(BASE + text, params=params).declarations["x"].value
        assert (made.of.name, made.layers) == (name, 4)


def test_what_the_base_derives_follows_the_params() -> None:
    text = "param width = 64\nlet wide = width * 2\nmodel a = decoder { hidden_size = wide, heads = width / 16 }\n"
    text += "model x = a with { layers = 4 }"
    made = program(BASE + text, params=["width=128"]).declarations["x"].value
    assert made.arguments == {"hidden_size": 256, "heads": 8, "layers": 4}


def test_a_stage_in_the_place_of_its_checkpoint() -> None:
    changed = value(
        "stage next = finetune { from = pre.last, data = d }\nstage x = next with { from.model.layers = 9 }"
    )
    assert (changed.arguments["from"].task.model.layers, changed.arguments["from"].output) == (9, "last")


def test_again_and_again() -> None:
    changed = value("model x = gpt with { layers = 4 } with { layers = 5, heads = 4 } with { heads = 2 }")
    assert changed.arguments == {"layers": 5, "hidden_size": 128, "heads": 2}


def test_inline() -> None:
    changed = value("stage x = pre with { model = gpt with { layers = 4 }, data = d with { weights = {} } }")
    assert (changed.model.layers, changed.data.task.weights) == (4, {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model x = gpt with { layer = 4 }", ["L0203 layer"]),
        ("model x = gpt with { layers = 0 }", ["L0302 0"]),
        ("model x = gpt with { layers = 4, layers = 5 }", ["L0205 layers"]),
        ("stage x = pre with { optimizer.lrr = 1 }", ["L0203 lrr"]),
        ("stage x = pre with { optimizer.lr = 0 }", ["L0302 0"]),
        ("stage x = pre with { optimizer.lr = 1, optimizer = adamw {} }", ["L0205 optimizer"]),
        ("stage x = pre with { schedule.warmup = 3 steps }", ["L0412 schedule.warmup"]),
        ("model x = gpt with { layers.y = 3 }", ["L0412 layers.y"]),
        ('stage x = pre with { notes.b = "1", notes.b = "2" }', ["L0205 notes.b"]),
        ("stage x = pre with { notes.b.c = 1 }", ["L0412 notes.b.c"]),
        ("stage x = pre with { notes.a.c = 1 }", ["L0412 notes.a.c"]),
        ("model x = gpt with { heads = 7 }", ["L0599 7"]),
        ("model x = nope with { layers = 3 }", ["L0207 nope"]),
        ("model x = decoder { layers = 0 } with { layrs = 3, heads = 0.5 }", ["L0302 0", "L0203 layrs", "L0305 0.5"]),
    ],
)
def test_faults(text: str, expected: list[str]) -> None:
    assert errors(text) == expected


def test_a_rule_on_an_inherited_field_points_at_the_change_and_at_the_field() -> None:
    result = checked(BASE + "model x = gpt with { hidden_size = 100 }")
    (one,) = [d for d in result.diagnostics if d.is_error]
    assert one.span is not None
    assert (one.code, one.span.text) == ("L0599", "{ hidden_size = 100 }")
    assert [label.span.text for label in one.labels] == ["8"]


def test_origins_follow_the_change() -> None:
    result = program(BASE + "model x = gpt with { layers = 4 }")
    changed = result.declarations["x"].value
    assert [result.place(changed, name).text for name in ("layers", "heads")] == ["4", "8"]
    assert result.place(changed).text == "gpt with { layers = 4 }"


def test_a_mistake_of_the_base_is_said_once() -> None:
    text = "model bad = decoder { heads = 7 }\nmodel x = bad with { layers = 4 }\nmodel y = bad with { layers = 5 }"
    assert errors(text) == ["L0599 7"]
