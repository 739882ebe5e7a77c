"""Results of a task on real data: llx, the trivial answer, and the Hugging Face Trainer with the same weights and data.

    python bench/results.py transfer [--seeds 7 8 9]

Prints the table of the task's section in docs/results.md. A task is a module in bench/tasks/ with a function `table(seeds)`.
transformers and accelerate must be installed (`pip install 'llx-lang[bench]'`); it takes a while.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
from collections.abc import Sequence
from pathlib import Path

TASKS = sorted(path.stem for path in (Path(__file__).parent / "tasks").glob("[a-z]*.py"))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9])
    given = parser.parse_args()
    for row in importlib.import_module(f"tasks.{given.task}").table(given.seeds):
        print("| " + " | ".join(row) + " |", flush=True)
    return 0


def spread(values: Sequence[float]) -> str:
    """Write a mean with the standard deviation over seeds."""
    mean = f"{statistics.mean(values):.3f}"
    return f"{mean} ± {statistics.stdev(values):.3f}" if len(values) > 1 else mean


if __name__ == "__main__":
    raise SystemExit(main())
