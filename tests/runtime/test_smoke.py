"""A smoke run proves the parts of a file in a corner of the store, and judges what that allows."""

from __future__ import annotations

import json
from pathlib import Path

import llx
import pytest
from llx.dsl.diagnostics.words import render
from llx.plugins.api import Smoke
from llx.runtime.face import RunResult
from llx.runtime.mode import Mode

TEXT = """
data passages = csv("labels.csv", label = "label") |> split(validation = 20%, test = 20%)
tokenizer letters = characters(passages.train)
model small = decoder { layers = 1, hidden_size = 16, heads = 2, context_length = 32, positions = rope }
stage pretrain = train {
  model = small, tokenizer = letters, data = passages, objective = causal_lm
  batch = 8Ki tokens, budget = [100k steps, 3 h], schedule = cosine { warmup = 500 steps }
}
stage classify = finetune {
  from = pretrain.best, data = passages, objective = classification {}
  batch = 32 examples, budget = 1k epochs, select = accuracy, patience = 3
}
eval scores = evaluate(classify.best, data = passages.test, metrics = [accuracy])
eval sample = generate(pretrain.best, decoding = greedy { max_tokens = 10k })
export kept = safetensors(classify.best, to = "out/kept")

expect good   = scores.accuracy > 99%
expect enough = passages.rows["train"] > 100
expect full   = letters.vocab_size < 300
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [f"text number {number},{label}" for label in ("one", "two") for number in range(200)]
    (tmp_path / "labels.csv").write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    path = tmp_path / "small.llx"
    path.write_text(TEXT, encoding="utf-8")
    return path


def states(result: RunResult) -> dict[str, str]:
    return {name: verdict.state for name, verdict in result.expects.items()}


def test_the_whole_graph_runs_with_a_handful_of_everything(file: Path) -> None:
    result = llx.run(file, mode="smoke")
    assert (result.state, result.exit_code, result.mode) == ("finished", 0, Mode.SMOKE), result.diagnostics
    for stage in ("pretrain", "classify"):
        assert result[stage].facts["steps"] == Smoke.steps
    assert result["scores"].facts["rows"] <= Smoke.encoded + 4
    corner = file.parent / ".llx" / "smoke"
    assert (corner / "exports" / "out" / "kept" / "model.safetensors").is_file()
    assert not (file.parent / "out").exists()
    assert [path.name for path in (file.parent / ".llx").iterdir()] == ["smoke"]
    assert states(result) == {"good": "open", "enough": "open", "full": "open"}

    cut = {about["label"]: about.get("cut", False) for about in _manifests(corner)}
    assert not cut["passages"]
    assert not cut["letters"]
    assert all(cut[label] for label in ("pretrain", "classify", "scores", "sample", "kept"))

    # What is judged of the same artifacts, and of a file that expects more.
    tested = llx.run(file, mode="test")
    assert (tested.ran, tested.exit_code) == (0, 0)
    assert states(tested) == {"good": "open", "enough": "met", "full": "met"}
    reason = tested.expects["good"].reason
    assert reason is not None
    assert render(reason, "en") == "`scores` was cut short"
    file.write_text(TEXT.replace("> 100", "> 1000"), encoding="utf-8")
    failed = llx.run(file, mode="test")
    assert (failed.exit_code, failed.state) == (1, "failed")
    assert [(one.code, one.span and one.span.text) for one in failed.diagnostics] == [("L0850", "enough")]
    assert llx.run(file, mode="smoke").exit_code == 0

    # A real run knows nothing of it.
    plan = llx.plan(file)
    assert not any(task.stored for task in plan.tasks)


def test_what_does_not_fit_is_found(file: Path) -> None:
    rows = "text,label\n" + "\n".join(f"text {number},one" for number in range(100))
    (file.parent / "labels.csv").write_text(rows, encoding="utf-8")
    result = llx.run(file, mode="smoke", only="classify")
    assert result.exit_code == 1


def _manifests(store: Path) -> list[dict[str, object]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in (store / "artifacts").rglob("manifest.json")]
