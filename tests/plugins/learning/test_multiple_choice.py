"""Questions with several answers: what is asked, and which answer is taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from llx.dsl.program import Reference
from llx.dsl.types import Artifact
from llx.plugins.builtin.data.csv import Csv
from llx.plugins.builtin.eval.multiple_choice import MultipleChoice, _index
from llx.plugins.component import TaskFailed
from llx.plugins.work import Asked, Input, Likelihood

QUIZ = {
    "question": ["capital of Peru?", "capital of Norway?", "first letter?"],
    "choices": ['["Lima", "Oslo"]', '["Rome", "Lima", "Oslo"]', '["a", "b"]'],
    "answer": ["0", "Oslo", "A"],
}
SOLVED = {
    "question": ["1 + 1?", "2 + 2?", "3 + 3?"],
    "choices": ['["2", "7"]', '["3", "4"]', '["6", "9"]'],
    "answer": ["2", "B", "6"],
}


class Asking:
    """The services of the eval; a text is the likelier the shorter it is."""

    smoke = None

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: list[Asked] = []

    def input(self, reference: Reference) -> Input:
        return Input(self.root / reference.output, "rows", {}, reference.task)

    def random(self, name: str) -> np.random.Generator:
        return np.random.default_rng(5)

    def likelihoods(self, checkpoint: Any, asked: list[Asked]) -> list[list[Likelihood]]:
        self.asked = asked
        return [[Likelihood(-float(len(text)), len(text), False) for text in one.texts] for one in asked]


def rows_of(root: Path, name: str, columns: dict[str, list[str]]) -> Reference:
    (root / name).mkdir(exist_ok=True)
    parquet.write_table(pa.table(columns), root / name / "rows.parquet")
    artifact = Artifact("dataset", tuple(columns))
    return Reference(Csv(path=f"{name}.csv"), name, artifact)


def run(root: Path, quiz: dict[str, list[str]] = QUIZ, **fields: Any) -> tuple[Any, list[Asked]]:
    work = Asking(root)
    checkpoint: Any = None
    task = MultipleChoice.model_construct(
        **{"checkpoint": checkpoint, "data": rows_of(root, "quiz", quiz), "normalise": "none"} | DEFAULTS | fields
    )
    return task.run(work), work.asked  # type: ignore[arg-type]


DEFAULTS: dict[str, Any] = {
    name: field.default
    for name, field in MultipleChoice.model_fields.items()
    if name not in ("checkpoint", "data", "normalise")
}


def test_the_likeliest_answer_is_taken_and_chance_stands_beside_it(tmp_path: Path) -> None:
    facts, asked = run(tmp_path)
    assert asked[0] == Asked("Question: capital of Peru?\nAnswer:", [" Lima", " Oslo"])
    # All are equally long: the first one is taken.
    assert facts["metrics"]["accuracy"] == pytest.approx(2 / 3)
    assert facts["references"]["accuracy"] == pytest.approx((1 / 2 + 1 / 3 + 1 / 2) / 3)
    assert (facts["rows"], facts["cut"]) == (3, 0)


@pytest.mark.parametrize(("normalise", "right"), [("none", 1.0), ("tokens", 0.0), ("bytes", 0.0)])
def test_lengths_are_made_up_for(tmp_path: Path, normalise: str, right: float) -> None:
    quiz = {"question": ["?"], "choices": ['["abc", "ab"]'], "answer": ["1"]}
    facts, _ = run(tmp_path, quiz, normalise=normalise, before="")
    # For each token and byte all are alike here, and the first is taken.
    assert facts["metrics"]["accuracy"] == right


def test_solved_questions_stand_before_each_one(tmp_path: Path) -> None:
    fields = {"examples": rows_of(tmp_path, "solved", SOLVED), "shots": 2, "prompt": "Q {question} A:"}
    _, asked = run(tmp_path, **fields)
    shown = asked[0].prompt.split("\n\n")
    assert len(shown) == 3
    assert shown[-1] == "Q capital of Peru? A:"
    assert set(shown[:-1]) < {"Q 1 + 1? A: 2", "Q 2 + 2? A: 4", "Q 3 + 3? A: 6"}
    assert [one.prompt for one in asked] == [one.prompt for one in run(tmp_path, **fields)[1]], "drawn by the seed"
    _, asked = run(tmp_path, **{**fields, "shots": 9})
    assert len(asked[0].prompt.split("\n\n")) == 4


@pytest.mark.parametrize(
    ("answer", "index"),
    [
        ("1", 1),
        (1, 1),
        ("b", 1),
        ("B", 1),
        ("two", 1),
        ("3", None),
        ("C", None),
        ("", None),
        (None, None),
        ("-1", None),
    ],
)
def test_answers_by_number_letter_and_text(answer: Any, index: int | None) -> None:
    assert _index(answer, ["one", "two"]) == index
    assert _index("1", ["7", "0", "1"]) == 2


@pytest.mark.parametrize(
    ("choices", "answer", "code"),
    [
        ('["a", "b"]', "c", "L0766"),
        ('["a"]', "0", "L0766.choices"),
        ("a, b", "0", "L0766.choices"),
        ('["a", ""]', "0", "L0766.choices"),
    ],
)
def test_rows_that_ask_nothing_are_told_of(tmp_path: Path, choices: str, answer: str, code: str) -> None:
    with pytest.raises(TaskFailed) as failed:
        run(tmp_path, {"question": ["?"], "choices": [choices], "answer": [answer]})
    assert failed.value.code == code
