"""`lr = auto`: found by a range test that is a task of its own, stored, and shown."""

from __future__ import annotations

import json
from pathlib import Path

import llx
import pytest
from llx.runtime.report.page import page
from llx.runtime.report.record import read_record

TEXT = """
data passages = csv("labels.csv", label = "label") |> split(validation = 20%)
tokenizer letters = characters(passages.train)
model small = decoder { layers = 1, hidden_size = 16, heads = 2, context_length = 32 }
stage pretrain = train {
  model = small, tokenizer = letters, data = passages, objective = causal_lm
  optimizer = adamw { lr = auto }, batch = 8 examples, budget = 20 steps
}
stage more = pretrain with { budget = 25 steps }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [f"text number {number},{label}" for label in ("one", "two") for number in range(60)]
    (tmp_path / "labels.csv").write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    path = tmp_path / "small.llx"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_a_range_test_finds_the_rate_once_for_all_that_train_alike(file: Path) -> None:
    result = llx.run(file)
    assert result.ok, result.diagnostics
    [test] = [task for task in result.tasks.values() if "range" in task.facts]
    rates = [rate for rate, _ in test.facts["range"]]
    assert rates == sorted(rates)
    assert len(rates) > 50
    found = test.facts["lr"]
    assert 1e-4 < found < 0.1
    assert result["pretrain"].facts["lr"] == result["more"].facts["lr"] == found
    assert result.folder is not None
    events = [json.loads(line) for line in (result.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    peak = max(event["figures"]["lr"] for event in events if event.get("event") == "step")
    assert peak == pytest.approx(found, rel=0.2)
    html = page(read_record(result.folder))
    assert "Learning rates tried, pretrain · lr" in html

    again = llx.run(file)
    assert again.ok
    assert not again.id, "a second run finds all of it stored"


def test_another_budget_keeps_the_rate_and_another_batch_finds_its_own(file: Path) -> None:
    assert llx.run(file, only=["pretrain"]).ok
    file.write_text(TEXT.replace("budget = 20 steps", "budget = 30 steps"), encoding="utf-8")
    waiting = {task.node.label for task in llx.plan(file, only=["pretrain"]).plan.to_run}  # type: ignore[union-attr]
    assert waiting == {"pretrain"}
    file.write_text(TEXT.replace("8 examples", "4 examples"), encoding="utf-8")
    waiting = {task.node.label for task in llx.plan(file, only=["pretrain"]).plan.to_run}  # type: ignore[union-attr]
    assert waiting == {"pretrain", "pretrain · lr"}


def test_a_smoke_run_takes_a_few_of_the_rates(file: Path) -> None:
    result = llx.run(file, mode="smoke")
    assert result.ok, result.diagnostics
    [test] = [task for task in result.tasks.values() if "range" in task.facts]
    assert len(test.facts["range"]) <= 5
