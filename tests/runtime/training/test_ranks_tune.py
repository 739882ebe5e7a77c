"""What fine-tuning trains a part of, and what stands frozen beside it, is the same in two processes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from llx.runtime import face
from llx.runtime.results import RunResult

PLACE = """
experiment case { seed = 1, device = cpu, backend = BACKEND }
data books = text("books/*.txt") |> split(validation = 30%)
data pairs = jsonl(
  "pairs.jsonl",
  text = none,
  columns = { prompt = "prompt", chosen = "chosen", rejected = "rejected" },
) |> split(validation = 30%)
tokenizer letters = characters(books.train, chat = true)
stage first = train {
  model = decoder { layers = 2, hidden_size = 16, heads = 2, context_length = 32 }
  tokenizer = letters
  data = books
  objective = causal_lm
  batch = 7 examples
  budget = 10 steps
}
stage further = finetune {
  from = first.best
  data = DATA
  objective = OBJECTIVE
  optimizer = adamw { lr = 0.01 }
  batch = 7 examples
  micro_batch = 2
  budget = 24 steps
  validate = 6 steps
  MORE
}
"""
ONE = "none"
REPLICAS, SHARDS = (f"torchrun {{ processes = 2, strategy = {strategy} }}" for strategy in ("ddp", "fsdp"))
CASES = {
    "lora": ("books", "causal_lm", "adapter = lora { rank = 2 }\n  ema = 0.9"),
    "lora, int8": ("books", "causal_lm", "adapter = lora { rank = 2, base = int8 }"),
    "freeze": ("books", "causal_lm", 'freeze = [embedding, "body.blocks.0"]'),
    "unfreeze": ("books", "causal_lm", "unfreeze = 6 steps\n  ema = 0.9"),
    "unfreeze, swa": ("books", "causal_lm", "unfreeze = 6 steps\n  swa = 50%"),
    "dpo": ("pairs", "dpo", ""),
    "dpo, lora": ("pairs", "dpo", "adapter = lora { rank = 2 }"),
    "distil": ("books", "distil { teacher = first.best }", ""),
}


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose first stage one process has trained."""
    root = tmp_path_factory.mktemp("begun")
    (root / "books").mkdir()
    for number in range(20):
        (root / "books" / f"{number}.txt").write_text(f"It was dark and stormy, night {number}. " * 20)
    pairs = [{"prompt": f"{n}?", "chosen": f"It was {n}.", "rejected": "dark and stormy"} for n in range(30)]
    (root / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    run(root, ONE, "lora", "first")
    return root


def run(root: Path, backend: str, case: str, *only: str) -> RunResult:
    data, objective, more = CASES[case]
    text = PLACE.replace("BACKEND", backend).replace("DATA", data).replace("OBJECTIVE", objective)
    (root / "case.llx").write_text(text.replace("MORE", more))
    result = face.run(root / "case.llx", store=root / "store", only=only)
    assert result.ok, result.diagnostics
    return result


def curve(begun: Path, root: Path, backend: str, case: str) -> list[list[float]]:
    shutil.copytree(begun, root)
    facts = run(root, backend, case)["further"].facts
    assert facts["steps"] == 24
    return facts["curve"]  # type: ignore[no-any-return]


QUICK = ("unfreeze", SHARDS)
ALL = [
    pytest.param(case, backend, marks=() if (case, backend) == QUICK else pytest.mark.slow)
    for case in CASES
    for backend in (REPLICAS, SHARDS)
]


@pytest.mark.parametrize(("case", "backend"), ALL)
def test_two_processes_tune_like_one(tmp_path: Path, begun: Path, case: str, backend: str) -> None:
    if "int8" in case:
        pytest.importorskip("torchao")
    alone = curve(begun, tmp_path / "alone", ONE, case)
    together = curve(begun, tmp_path / "together", backend, case)
    assert together == [pytest.approx(line, rel=1e-5) for line in alone]
