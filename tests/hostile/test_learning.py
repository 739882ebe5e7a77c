"""Splits, labels and models that can't be learned from or with: told before the training, as early as it can be known."""

from __future__ import annotations

from pathlib import Path

import pytest

from .lab import Case, judge

EXPERIMENT = """
experiment hostile {{ seed = 1 }}
data rows = {data}
tokenizer letters = characters(rows{train})
model small = decoder {{ layers = 1, hidden_size = 8, heads = 2, context_length = 16 }}
stage learn = train {{
  model = {model}
  tokenizer = letters
  data = rows
  objective = classification
  batch = 4 examples
  budget = 2 steps
}}
"""
SPLIT = 'csv("rows.csv", label = "label") |> split({})'
SPLITS = """splits {
  train = csv("rows.csv", label = "label")
  validation = csv("more.csv", label = "label")
}"""


def rows(*labels: str, text: str = "a passage of some letters") -> str:
    return "text,label\n" + "".join(f"{text} {number},{label}\n" for number, label in enumerate(labels))


def learning(
    name: str,
    data: str,
    files: dict[str, str],
    code: str,
    at: str,
    *says: str,
    when: str = "run",
    model: str = "small",
    helps: tuple[str, ...] = (),
) -> Case:
    """Give a case of a classifier that is trained on some data."""
    train = "" if "split" not in data else ".train"
    experiment = EXPERIMENT.format(data=data, train=train, model=model)
    return Case(name, experiment, dict(files), code, at, says, when, helps)


MIXED = rows(*["yes", "no"] * 30)
CASES = [
    learning(
        "an empty validation split",
        SPLIT.format("validation = 0.1%"),
        {"rows.csv": rows("a", "b")},
        "L0641",
        "0.1%",
        "`validation`",
        helps=(),
    ),
    learning(
        "an empty test split", SPLIT.format("test = 0.1%"), {"rows.csv": rows("a", "b")}, "L0641", "0.1%", "`test`"
    ),
    learning(
        "nothing left to train on",
        SPLIT.format("validation = 60%, test = 40%"),
        {"rows.csv": MIXED},
        "L0643",
        "60%",
        "1",
        when="check",
    ),
    learning(
        "nothing left after cleaning",
        'csv("rows.csv", label = "label") |> clean(min_chars = 5_000)',
        {"rows.csv": MIXED},
        "L0642",
        'csv("rows.csv", label = "label") |> clean(min_chars = 5_000)',
    ),
    learning(
        "all one label",
        SPLIT.format("validation = 20%"),
        {"rows.csv": rows(*["yes"] * 60)},
        "L0512",
        "rows",
        "yes",
        "rows.csv",
        when="check",
    ),
    learning(
        "a label never seen in training",
        SPLITS,
        {"rows.csv": MIXED, "more.csv": rows("yes", "perhaps")},
        "L0513",
        "rows",
        "perhaps",
        "`more.csv`",
        "2",
        when="check",
        helps=("no", "yes"),
    ),
    learning("no labels at all", 'csv("rows.csv")', {"rows.csv": MIXED}, "L0502", "rows", "`label`", when="check"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_data_that_nothing_can_be_learned_from(case: Case, tmp_path: Path) -> None:
    judge(tmp_path, case)


DEEP = "decoder { layers = 1000, hidden_size = 8192, heads = 8, context_length = 16 }"
MODELS = [
    ("layers = 1_000_000_000_000, hidden_size = 64, heads = 2, context_length = 16", "L0523", "decoder", "check"),
    ("layers = 1M, hidden_size = 4096, heads = 32, context_length = 16", "L0523", "decoder", "check"),
    ("layers = 2, hidden_size = 1Mi, heads = 2, context_length = 16", "L0523", "decoder", "check"),
    ("layers = 2, hidden_size = 64, heads = 2, context_length = 1B", "L0302", "1B", "check"),
    ("layers = 1000, hidden_size = 8192, heads = 8, context_length = 16", "L0818", DEEP, "plan"),
    ("layers = 0, hidden_size = 64, heads = 2, context_length = 16", "L0302", "0", "check"),
    ("layers = -2, hidden_size = 64, heads = 2, context_length = 16", "L0302", "-2", "check"),
    ("layers = 1.5, hidden_size = 64, heads = 2, context_length = 16", "L0305", "1.5", "check"),
    ("layers = 2, hidden_size = 64, heads = 3, context_length = 16", "L0520", "3", "check"),
]


@pytest.mark.parametrize(("fields", "code", "at", "when"), MODELS)
def test_a_model_that_no_memory_holds(fields: str, code: str, at: str, when: str, tmp_path: Path) -> None:
    model = f"decoder {{ {fields} }}"
    judge(
        tmp_path, learning("", SPLIT.format("validation = 20%"), {"rows.csv": MIXED}, code, at, model=model, when=when)
    )
