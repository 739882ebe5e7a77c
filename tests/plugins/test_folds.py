"""Folds: disjoint, covering, even, whole groups; and sweeps that hold out each in turn."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from llx.dsl.diagnostics.model import Severity
from llx.plugins.builtin.data.csv import Csv
from llx.plugins.builtin.data.folds import Folds
from llx.runtime import face

from .work import Bench, Lab

COUNT = 103


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    lines = [f"text {n},{'rare' if n % 10 == 0 else 'usual'},{n // 3}" for n in range(COUNT)]
    (tmp_path / "rows.csv").write_text("text,label,author\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return Lab(tmp_path)


def held_out(lab: Lab, monkeypatch: pytest.MonkeyPatch, folds: Folds, fold: int) -> list[dict[str, str]]:
    monkeypatch.setattr(Bench, "settings", {"fold": fold}, raising=False)
    one = folds.model_copy()
    rows, others = lab.rows(one, "validation"), lab.rows(one, "train")
    assert len(rows) + len(others) == COUNT
    assert not {row["text"] for row in rows} & {row["text"] for row in others}
    return rows


@pytest.mark.parametrize("fields", [{}, {"stratify": "label"}, {"by": "author"}, {"by": "author", "stratify": "label"}])
def test_folds_are_disjoint_cover_all_and_are_even(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, fields: dict[str, str]
) -> None:
    original = Bench.__init__

    def keeps_settings(self: Bench, *arguments: object) -> None:
        original(self, *arguments)  # type: ignore[arg-type]
        self.__dict__.pop("settings")

    monkeypatch.setattr(Bench, "__init__", keeps_settings)
    read = Csv(path="rows.csv", text="text", label="label", columns_={"author": "author"})
    folds = Folds(data=read.default(), folds=4, **fields)
    parts = [held_out(lab, monkeypatch, folds, fold) for fold in (1, 2, 3, 4)]
    seen = Counter(row["text"] for part in parts for row in part)
    assert len(seen) == COUNT
    assert set(seen.values()) == {1}
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= (3 if "by" in fields else 1 if not fields else 2)
    if "by" in fields:
        of = [{row["author"] for row in part} for part in parts]
        assert sum(map(len, of)) == len(set.union(*of)), "an author lies in one fold"
    if "stratify" in fields:
        rare = [sum(row["label"] == "rare" for row in part) for part in parts]
        assert max(rare) - min(rare) <= 1


FILE = """
experiment tried { seed = 5 }
param lr = 1e-2
data corpus = csv("rows.csv", text = "text", label = "label") |> folds(3, stratify = "label")
tokenizer letters = characters(corpus.train)
model small = encoder { layers = 1, hidden_size = 8, heads = 1, context_length = 16 }
stage learn = train {
  model = small, tokenizer = letters, data = corpus, objective = classification
  optimizer = adamw { lr = lr }, batch = 32 examples, budget = 4 steps
}
"""


def test_a_sweep_takes_each_fold_in_turn_and_means_over_them(lab: Lab) -> None:
    path = lab.root / "f.llx"
    path.write_text(FILE + "sweep cross = grid { over = { lr = [1e-2, 1e-3] }, folds = 3, minimise = learn.loss }\n")
    result = face.run(path)
    assert result.exit_code == 0, str(result)
    found = result["cross"].facts["sweep"]
    assert [trial["fold"] for trial in found["trials"]] == [1, 2, 3] * 2
    assert [len(row["values"]) for row in found["rows"]] == [3, 3]
    assert len({trial["value"] for trial in found["trials"]}) == 6
    assert all(row["deviation"] > 0 for row in found["rows"])
    assert face.run(path).ran == 0


def test_one_line_is_enough(lab: Lab) -> None:
    path = lab.root / "f.llx"
    path.write_text(FILE + "sweep cross = grid { folds = 3, minimise = learn.loss }\n")
    result = face.run(path)
    assert result.exit_code == 0, str(result)
    [row] = result["cross"].facts["sweep"]["rows"]
    assert len(row["values"]) == 3


@pytest.mark.parametrize(
    ("sweep", "code"),
    [
        ("grid { folds = 4, minimise = learn.loss }", "L0795"),
        ("grid { minimise = learn.loss }", "L0796"),
    ],
)
def test_folds_that_dont_fit(lab: Lab, sweep: str, code: str) -> None:
    path = lab.root / "f.llx"
    path.write_text(FILE + f"sweep cross = {sweep}\n")
    found = {one.code for one in face.check(path).diagnostics if one.severity is Severity.ERROR}
    assert found == {code}
