"""Names of parameters in a file: the plan builds the network without its numbers, and holds them against it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from llx.runtime import face

FILE = """
experiment case {{ seed = 1 }}
data books = text("books/*.txt") |> split(validation = 30%)
tokenizer letters = characters(books.train)
stage learn = train {{
  model = decoder {{ layers = 2, hidden_size = 16, heads = 2, context_length = 16 }}
  tokenizer = letters
  data = books
  objective = causal_lm
  budget = 40 steps
  {more}
}}
"""


def planned(root: Path, more: str) -> face.PlanResult:
    (root / "books").mkdir(exist_ok=True)
    for number in range(9):
        (root / "books" / f"{number}.txt").write_text(f"It was dark and stormy, night {number}. " * 20)
    (root / "case.llx").write_text(FILE.format(more=more))
    return face.plan(root / "case.llx", store=root / "store")


@pytest.mark.parametrize(
    ("more", "code", "at"),
    [
        ('freeze = ["body.layers.0"]', "L0740", '["body.layers.0"]'),
        ("freeze = body", "L0741", "body"),
        ('optimizer = adamw { groups = { "*embeding*" = { lr = 1e-4 } } }', "L0541", None),
        (
            'optimizer = muon { lr = auto, groups = { "*bias" = { lr = 1e-4 }, embedding = { lr = 1e-4 }, "*weight" = { lr = 1e-3 } } }',
            "L0542",
            None,
        ),
    ],
)
def test_a_name_that_means_nothing_is_told_by_the_plan(tmp_path: Path, more: str, code: str, at: str | None) -> None:
    result = planned(tmp_path, more)
    assert [diagnostic.code for diagnostic in result.diagnostics] == [code], result.diagnostics
    span = result.diagnostics[0].span
    assert span is not None
    if at is not None:
        assert span.text == at
    assert face.run(tmp_path / "case.llx", store=tmp_path / "store").diagnostics[0].code == code
    assert not list((tmp_path / "store").glob("artifacts/*")), "nothing ran"


def test_the_plan_says_what_is_trained_and_counts_what_that_saves(tmp_path: Path) -> None:
    first = (
        face.run(tmp_path / "case.llx", only=("letters",), store=tmp_path / "store") if planned(tmp_path, "") else None
    )
    assert first is not None
    assert first.ok
    whole = planned(tmp_path, "").estimates["learn"]
    part = planned(tmp_path, 'freeze = [embedding, "body.blocks.0"]').estimates["learn"]
    assert whole.trained_parameters == whole.parameters == part.parameters
    assert part.trained_parameters is not None
    assert 0.25 < part.trained_parameters / (whole.parameters or 1) < 0.35
    assert part.memory is not None
    assert whole.memory is not None
    assert part.memory < whole.memory
    assert whole.flops is not None
    assert part.flops is not None
    assert part.flops < whole.flops


def test_a_file_that_names_no_parameter_is_planned_without_torch(tmp_path: Path) -> None:
    planned(tmp_path, "")
    code = "import sys; from llx.runtime import face; face.plan(sys.argv[1]); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "case.llx")], check=True)
