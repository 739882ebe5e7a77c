"""The example of a sweep, on a page of text and with a handful of steps."""

from __future__ import annotations

from pathlib import Path

import llx
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SMALLER = {
    "data/books/*.txt": "book.txt",
    "budget = 300 steps, validate = 100 steps": "budget = 4 steps, validate = 2 steps",
    "30 steps": "2 steps",
    "15 steps": "1 steps",
    "1Ki)": "320)",
    "1Ki tokens": "128 tokens",
    "< 300": "< 10000",
}


@pytest.fixture
def example(tmp_path: Path) -> Path:
    book = (ROOT / "examples" / "data" / "books" / "botchan.en.txt").read_text(encoding="utf-8")
    passages = [passage for passage in book.split("\n\n") if len(passage) > 100][:60]
    (tmp_path / "book.txt").write_text("\n\n\n".join(passages), encoding="utf-8")
    text = (ROOT / "examples" / "sweep.llx").read_text(encoding="utf-8")
    for long, short in SMALLER.items():
        assert long in text
        text = text.replace(long, short)
    (tmp_path / "sweep.llx").write_text(text, encoding="utf-8")
    return tmp_path / "sweep.llx"


def test_the_example_runs_and_goes_on_with_the_best_trial(example: Path) -> None:
    result = llx.run(example)
    assert result.ok, str(result)
    found = result["search"].facts["sweep"]
    assert [row["params"] for row in found["rows"]] == [
        {"lr": lr, "base": base} for lr in (0.003, 0.01) for base in ("narrow", "deep")
    ]
    assert all(len(row["values"]) == 2 and row["deviation"] > 0 for row in found["rows"])
    best = min(found["rows"], key=lambda row: row["mean"])
    assert found["rows"][found["best"]] == best
    winner = found["trials"][found["winner"]]
    assert (winner["params"], winner["seed"]) == (best["params"], 7)
    layers = {"narrow": 2, "deep": 4}[best["params"]["base"]]
    same = llx.check(example, params=[f"lr={best['params']['lr']}", f"base={best['params']['base']}"]).program
    assert same is not None
    assert same.declarations["pretrain"].value.model.layers == layers
    # Written by hand, the best trial is the same task.
    by_hand = llx.run(example, only="pretrain", params=[f"lr={best['params']['lr']}", f"base={best['params']['base']}"])
    assert by_hand.ran == 0
    assert by_hand["pretrain"].facts["loss"] == winner["value"]
    assert result["long"].facts["steps"] == 4
    assert [verdict.state for verdict in result.expects.values()] == ["met"]
    again = llx.run(example)
    assert (again.ok, again.ran) == (True, 0)
