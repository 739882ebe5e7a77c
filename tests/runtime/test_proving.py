"""`llx prove` from a file: what is proved, what is said of it, and a training that is killed and goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from llx.runtime.cli.main import llx
from llx.runtime.proving import prove_resume

TEXT = """
data passages = csv("labels.csv", label = "label") |> split(validation = 20%)
tokenizer letters = characters(passages.train)
model small = decoder { layers = 1, hidden_size = 16, heads = 2, context_length = 32 }
stage pretrain = train { model = small, tokenizer = letters, data = passages, objective = causal_lm, budget = 9 steps }
stage classify = finetune { from = pretrain.best, data = passages, objective = classification, budget = 9 steps }
eval scores = evaluate(classify.best, data = passages.validation, metrics = [accuracy])
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [f"text number {number},{label}" for label in ("one", "two") for number in range(60)]
    (tmp_path / "labels.csv").write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    path = tmp_path / "small.llx"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_the_proofs_of_each_stage_are_shown_and_kept(file: Path) -> None:
    done = CliRunner().invoke(llx, ["prove", str(file)])
    assert done.exit_code == 0, done.output
    lines = done.stdout.split("\n")
    shown = lines[lines.index("Proved") + 1 :][:2]
    assert [line.split()[:2] for line in shown] == [["✓", "pretrain"], ["✓", "classify"]]
    assert all(line.endswith("padding ignored, loss where it belongs, micro-batches add up") for line in shown)
    assert "scores" not in done.stdout
    again = CliRunner().invoke(llx, ["prove", str(file), "--only", "classify"])
    assert "nothing to run" in again.stdout
    assert "✓ classify" in again.stdout


def test_a_file_that_trains_nothing_has_nothing_to_prove(tmp_path: Path) -> None:
    path = tmp_path / "empty.llx"
    path.write_text("experiment nothing\n", encoding="utf-8")
    done = CliRunner().invoke(llx, ["prove", str(path)])
    assert (done.exit_code, "nothing to prove" in done.stdout) == (0, True)


def test_a_killed_training_goes_on_to_the_same_bits(file: Path) -> None:
    done = CliRunner().invoke(llx, ["prove", str(file), "--only", "classify", "--resume", "--json"])
    assert done.exit_code == 0, done.output
    last = json.loads(done.stdout.strip().split("\n")[-1])
    assert last == {"event": "resumed", "label": "classify", "outcome": "proved", "step": 2}


def test_a_training_that_fails_by_itself_proves_nothing(file: Path) -> None:
    file.write_text(TEXT.replace("labels.csv", "gone.csv"), encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"gone\.csv"):
        prove_resume(file, [], ["pretrain"])
