"""What loader, logging and asynchronous checkpoints cost beside the steps themselves, at the larger size of speed.py.

    python bench/upkeep.py [seconds]

A training of `llx run` is cut into its steps' parts, as its own stopwatch has them: what is neither forward nor backward
nor optimizer is upkeep. While a checkpoint is hashed and written by a thread the steps are slower: that is counted as
what those steps took beyond the median of the others.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from common import project, verdict
from speed import EXPERIMENT, SIZES

MOST = 0.01
LEFT_OUT = 3
PARTS = ("data", "rest", "checkpoint")


def main() -> int:
    import llx
    from llx.runtime.training import loop

    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 240
    loop.LOG_EVERY = 1  # ten times as much logging as there is
    with tempfile.TemporaryDirectory() as folder:
        file = project(Path(folder)) / "upkeep.llx"
        text = EXPERIMENT.format(**SIZES["large"], precision="float32", steps=1)
        file.write_text(text.replace("budget    = 1 steps", f"budget    = {seconds} s"), encoding="utf-8")
        result = llx.run(file, only=["pretrain"])
        assert result.ok and result.folder is not None, result.diagnostics
        lines = (result.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    return 0 if verdict("upkeep, part of the time", upkeep(events), MOST, at_most=True) else 1


def upkeep(events: list[dict[str, Any]]) -> float:
    """Give the part of the time that isn't spent on steps."""
    steps = [event for event in events if event.get("event") == "step"][LEFT_OUT:]
    saves = [event["time"] for event in events if event.get("event") == "checkpoint_saved"]
    spent = {part: sum(step["figures"].get(f"ms_{part}", 0.0) for step in steps) for part in PARTS}
    computed = [
        sum(value for name, value in step["figures"].items() if name.startswith("ms_"))
        - sum(step["figures"].get(f"ms_{part}", 0.0) for part in PARTS)
        for step in steps
    ]
    usual = statistics.median(computed)
    # A checkpoint is handed over in the step before the write, which ends with the event.
    begun = [step["time"] for step in steps if step["figures"].get("ms_checkpoint", 0.0) > 0]
    during = [
        took - usual
        for step, took in zip(steps, computed, strict=True)
        if any(start < step["time"] <= end + usual / 1000 for start, end in zip(begun, saves, strict=False))
    ]
    total = sum(computed) + sum(spent.values())
    for part, took in spent.items():
        print(f"{part}: {took / total:.2%}")
    print(f"steps beside {len(saves)} checkpoints: {sum(during) / total:.2%} ({len(during)} of {len(steps)} steps)")
    return (sum(spent.values()) + max(sum(during), 0.0)) / total


if __name__ == "__main__":
    raise SystemExit(main())
