"""Results of a task on real data: llx, the trivial answer, and the Hugging Face Trainer with the same weights and data.

    python bench/results.py tags [--seeds 7 8 9] [--store FOLDER]

Prints the table of the task's section in docs/results.md. `transfer` has the Trainer train transformers' own model; in the
other tasks it trains llx's network on llx's rows (`peers/in_trainer.py`), so that only the loop differs. What was measured
stays in the store: a run that was cut goes on. transformers and accelerate must be installed
(`pip install 'llx-lang[bench]'`); it takes a while.
"""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import ROOT


@dataclass(frozen=True)
class Task:
    """An example whose evaluation is compared."""

    first: tuple[str, ...]
    """What both begin from: run once, and copied."""
    objective: str
    """That of the stages which the Trainer steps."""
    scores: str
    """The evaluation that is shown."""
    scratch: str | None = None
    """That of the same model trained from nothing, if the example has one."""


TASKS = {
    "tags": Task(("pretrain",), "token_classification", "scores", "scores_scratch"),
    "topics": Task(("pretrain",), "classification", "scores", "scores_scratch"),
    "qa": Task((), "extractive_qa", "scores"),
    "translate": Task((), "sequence_to_sequence", "beams"),
    "quickstart": Task(("pretrain",), "classification", "scores", "scores_scratch"),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["transfer", *TASKS])
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9])
    parser.add_argument("--store", type=Path, help="a folder in which results stay; a temporary one by default")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        if given.task == "transfer":
            table = importlib.import_module("tasks.transfer").table(given.seeds)
        else:
            table = compared(given.task, given.seeds, given.store or Path(temporary))
        for row in table:
            print("| " + " | ".join(row) + " |", flush=True)
    return 0


def compared(name: str, seeds: Sequence[int], place: Path) -> Iterator[Sequence[str]]:
    """Give the rows of a table: the trivial answer, llx, and the Trainer, by metric."""
    import llx

    task, file = TASKS[name], ROOT / "examples" / f"{name}.llx"
    found: dict[str, list[Mapping[str, float]]] = {}
    references: Mapping[str, float] = {}
    for seed in seeds:
        ours, theirs = place / name / f"llx {seed}", place / name / f"trainer {seed}"
        if not theirs.exists() and task.first:
            assert llx.run(file, only=task.first, store=ours, seed=seed).ok
            shutil.copytree(ours, theirs)
        evaluations = [task.scores, *([task.scratch] if task.scratch else [])]
        result = llx.run(file, only=evaluations, store=ours, seed=seed)
        assert result.ok, result.diagnostics
        references = result[task.scores].facts["references"]
        by_trainer = trained(file, theirs, task.objective, evaluations, seed)
        for evaluation in evaluations:
            begun = "" if evaluation == task.scores else ", from nothing"
            found.setdefault(f"llx{begun}", []).append(result[evaluation].metrics)
            found.setdefault(f"Trainer{begun}", []).append(by_trainer[evaluation])
    metrics = list(found["llx"][0])
    yield "", *metrics
    yield "---", *("---" for _ in metrics)
    yield "trivial", *(f"{references[metric]:.3f}" if metric in references else "" for metric in metrics)
    for who, measured in found.items():
        yield who, *(spread([one[m] for one in measured]) if m in measured[0] else "" for m in metrics)


def trained(file: Path, store: Path, objective: str, evaluations: list[str], seed: int) -> dict[str, dict[str, float]]:
    """Run the experiment with the Trainer's loop, in a process of its own; give the metrics of its evaluations."""
    peer = ROOT / "bench" / "peers" / "in_trainer.py"
    asked = [str(file), str(store), json.dumps([objective]), json.dumps(evaluations), str(seed)]
    done = subprocess.run([sys.executable, str(peer), *asked], check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] = json.loads(done.stdout.strip().rsplit("\n", 1)[-1])
    return told


def spread(values: Sequence[float]) -> str:
    """Write a mean with the standard deviation over seeds."""
    mean = f"{statistics.mean(values):.3f}"
    return f"{mean} ± {statistics.stdev(values):.3f}" if len(values) > 1 else mean


if __name__ == "__main__":
    raise SystemExit(main())
