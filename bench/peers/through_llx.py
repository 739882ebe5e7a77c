"""Training through llx, as a user does: `llx run` on a file.

python bench/peers/through_llx.py WORK.json '{"seed": 3}'
"""

from __future__ import annotations

import json
from typing import Any

import llx
from common import the_work
from llx.runtime.training import loop
from llx.runtime.training.loader import Batches


def counting(tokens: list[int]) -> None:
    """Have the tokens of each step counted that are no padding; on the CPU a batch is made when its step begins."""
    usual = Batches.batch

    def batch(self: Batches, step: int) -> Any:
        ready = usual(self, step)
        # Segments that say nothing are left out: all tokens are of one document.
        tokens.append(sum(int((part.get("segments", part["tokens"] + 1) > 0).sum()) for part in ready.parts))
        return ready

    Batches.batch = batch  # type: ignore[method-assign]


def main() -> None:
    work = the_work()
    tokens: list[int] = []
    counting(tokens)
    loop.LOG_EVERY = work["log_every"]
    result = llx.run(work["file"], only=[work.get("stage", "pretrain")], seed=work["seed"])
    assert result.ok and result.folder is not None, result.diagnostics
    lines = (result.folder / "events.jsonl").read_text(encoding="utf-8").split("\n")
    events = [json.loads(line) for line in lines if line]
    steps = [event for event in events if event.get("event") == "step"]
    told = {"times": [event["time"] for event in steps], "losses": [event["figures"]["loss"] for event in steps]}
    print(json.dumps({**told, "every": work["log_every"], "tokens": tokens}))


main()
