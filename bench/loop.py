"""How much of a hand-written loop's speed training through llx has, over the same modules and batches.

    python bench/loop.py [seconds]

Both train in one process and in turn: after every few steps of `llx run` the hand-written loop makes as many, and
neither hears of the other. A turn takes a fraction of a second, so that what else the machine does falls on both; of
the pairs of turns the median counts. The last size is a model that does next to nothing: its step is the overhead.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from common import project, verdict

EXPERIMENT = """
experiment bench {{
  seed      = 1
  precision = float32
}}
data books = text("books/*.en.txt", separator = "\\n\\n\\n")
tokenizer bpe = train_bpe(books, vocab_size = {vocab_size})
model gpt = decoder {{ layers = {layers}, hidden_size = {hidden_size}, heads = {heads}, context_length = {length} }}
stage pretrain = train {{
  model     = gpt
  tokenizer = bpe
  data      = books
  objective = causal_lm
  optimizer = adamw {{ lr = 1e-3 }}
  schedule  = constant
  batch     = {rows} examples
  budget    = 100000 steps
}}
"""

LARGE = {"vocab_size": 4096, "layers": 6, "hidden_size": 384, "heads": 6, "length": 128, "rows": 4}
SMALL = {"vocab_size": 512, "layers": 2, "hidden_size": 64, "heads": 2, "length": 64, "rows": 8}
NOTHING = {"vocab_size": 300, "layers": 1, "hidden_size": 2, "heads": 1, "length": 4, "rows": 2}
SIZES = {"6 layers of 384": LARGE, "2 layers of 64": SMALL, "nothing": NOTHING}
TURNS = {"6 layers of 384": 2, "2 layers of 64": 20, "nothing": 100}
"""Steps of a turn."""
GOALS = {"6 layers of 384": 0.98, "2 layers of 64": 0.96}
MOST_OVERHEAD = 0.15
"""Milliseconds that a step of llx may take beyond one written by hand."""
LEFT_OUT = 3


def by_hand(file: Path, sizes: dict[str, int]) -> Iterator[float]:
    """Train the same modules on the same rows as one would write it down; a step each time, giving its loss."""
    import llx
    import numpy as np
    import torch
    import torch.nn.functional as F  # noqa: N812
    from llx.plugins.shards import Shards

    result = llx.check(file)
    assert result.program is not None
    stage = result.program.declarations["pretrain"].value
    plan = llx.plan(file)
    assert plan.plan is not None
    folder = next(plan.plan.store.place(n.fingerprint) for n in plan.plan.graph.nodes if n.kind == "tokens")
    shards = Shards(folder, "rows")

    body = stage.model.body(sizes["vocab_size"])
    optimizer = stage.optimizer.build(body)
    random = np.random.default_rng(1)
    body.train()
    while True:
        rows = shards.read(random.integers(0, len(shards), sizes["rows"]))
        batch = stage.objective.prepare({n: a.astype(np.int64) for n, a in rows.items()}, random, {})
        whole = bool((batch["segments"] == 1).all())
        segments = None if whole else torch.from_numpy(batch["segments"])
        hidden = body(torch.from_numpy(batch["tokens"]), segments)
        logits = F.linear(hidden, body.embedding.weight)
        loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(batch["targets"]).flatten(), ignore_index=-100)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(body.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        yield loss.item()


class Enough(Exception):
    """Ends the training."""


def in_turn(file: Path, name: str, seconds: float) -> list[tuple[float, float]]:
    """Run the experiment, the hand-written loop between its steps; give the seconds of a step of both, turn by turn."""
    import llx
    from llx.runtime.training.loader import Batches

    hand: Iterator[float] | None = None
    pairs: list[tuple[float, float]] = []
    turn, began, until = TURNS[name], 0.0, float("inf")
    usual: Callable[..., Any] = Batches.batch

    def batch(self: Batches, step: int) -> Any:
        nonlocal hand, began, until
        if step % turn == 0:
            ours = time.perf_counter() - began
            if hand is None:
                hand = by_hand(file, SIZES[name])
                until = time.perf_counter() + seconds
            start = time.perf_counter()
            for _ in range(turn):
                next(hand)
            if step:
                pairs.append((ours / turn, (time.perf_counter() - start) / turn))
            if time.perf_counter() > until and len(pairs) > 2 * LEFT_OUT:
                raise Enough
            began = time.perf_counter()
        return usual(self, step)

    Batches.batch = batch  # type: ignore[method-assign]
    llx.run(file, only=["pretrain"])
    return pairs[LEFT_OUT:]


def measured(name: str, seconds: float) -> list[tuple[float, float]]:
    """Measure one size in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        place = project(Path(folder))
        file = place / "bench.llx"
        file.write_text(EXPERIMENT.format(**SIZES[name]), encoding="utf-8")
        command = [sys.executable, __file__, "turns", str(file), name, str(seconds)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return [(ours, theirs) for ours, theirs in json.loads(done.stdout.strip().rsplit("\n", 1)[-1])]


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    good = []
    for name in SIZES:
        pairs = measured(name, seconds)
        ours, theirs = (statistics.median(pair[side] for pair in pairs) * 1000 for side in (0, 1))
        print(f"{name}: {theirs:.2f} ms a step by hand, {ours:.2f} ms through llx ({len(pairs)} pairs of turns)")
        if name in GOALS:
            ratio = statistics.median(hand / llx for llx, hand in pairs)
            good.append(verdict(f"{name}: llx / by hand, tokens/s", ratio, GOALS[name], at_most=False))
        else:
            overhead = statistics.median(llx - hand for llx, hand in pairs) * 1000
            good.append(verdict("overhead of a step, ms", overhead, MOST_OVERHEAD, at_most=True))
    return 0 if all(good) else 1


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["turns", file, name, seconds]:
            print(json.dumps(in_turn(Path(file), name, float(seconds))))
        case _:
            raise SystemExit(main())
