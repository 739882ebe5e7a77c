"""How much of a hand-written loop's speed training through llx has, over the same modules and batches.

    python bench/loop.py [rounds]

Both train in turn, each time in a process of its own, on the same encoded rows. The figure of a process is the median
time of stretches of ten steps, the first ones left out; of the rounds the median ratio counts.
"""

from __future__ import annotations

import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import ROOT, ratio, verdict

EXPERIMENT = """
experiment bench {{
  seed      = seed
  precision = float32
}}
param seed = 1
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
  budget    = {steps} steps
}}
"""

LARGE = {"vocab_size": 4096, "layers": 6, "hidden_size": 384, "heads": 6, "length": 128, "rows": 4, "steps": 50}
SMALL = {"vocab_size": 512, "layers": 2, "hidden_size": 64, "heads": 2, "length": 64, "rows": 8, "steps": 800}
SIZES = {"6 layers of 384": (LARGE, 0.98), "steps of about 10 ms": (SMALL, 0.96)}

EVERY = 10
LEFT_OUT = 1


def through_llx(file: Path, seed: int) -> list[float]:
    """Train as a user does; give the times at which every tenth step was logged."""
    import llx

    result = llx.run(file, only=["pretrain"], seed=seed)
    assert result.ok and result.folder is not None, result.diagnostics
    lines = (result.folder / "events.jsonl").read_text(encoding="utf-8").split("\n")
    events = [json.loads(line) for line in lines if line]
    return [event["time"] for event in events if event.get("event") == "step"]


def by_hand(file: Path, sizes: dict[str, int]) -> list[float]:
    """Train the same modules on the same rows as one would write it down; give the times of every tenth step."""
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

    torch.manual_seed(1)
    body = stage.model.body(sizes["vocab_size"])
    optimizer = stage.optimizer.build(body)
    random = np.random.default_rng(1)
    times = []
    body.train()
    for step in range(1, sizes["steps"] + 1):
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
        if step % EVERY == 0:
            loss.item()
            times.append(time.time())
    return times


def stretch(times: list[float]) -> float:
    """Give the median time of ten steps."""
    return statistics.median([b - a for a, b in itertools.pairwise(times)][LEFT_OUT:])


def in_a_process(*arguments: str) -> float:
    done = subprocess.run([sys.executable, __file__, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return stretch(json.loads(done.stdout.strip().rsplit("\n", 1)[-1]))


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    good = []
    for name, (sizes, goal) in SIZES.items():
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            (place / ".llx").mkdir()
            (place / "books").mkdir()
            for book in (ROOT / "examples" / "data" / "books").glob("*.en.txt"):
                (place / "books" / book.name).write_bytes(book.read_bytes())
            file = place / "bench.llx"
            file.write_text(EXPERIMENT.format(**sizes), encoding="utf-8")
            in_a_process("llx", str(file), "0")
            ours, theirs = [], []
            for seed in range(1, rounds + 1):
                theirs.append(in_a_process("hand", str(file), json.dumps(sizes)))
                ours.append(in_a_process("llx", str(file), str(seed)))
            step = statistics.median(theirs) / EVERY * 1000
            print(f"{name}: {step:.1f} ms a step by hand, {statistics.median(ours) / EVERY * 1000:.1f} ms through llx")
            good.append(verdict(f"{name}: llx / by hand, tokens/s", ratio(theirs, ours), goal, at_most=False))
    return 0 if all(good) else 1


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["llx", file, seed]:
            print(json.dumps(through_llx(Path(file), int(seed))))
        case ["hand", file, sizes]:
            print(json.dumps(by_hand(Path(file), json.loads(sizes))))
        case _:
            raise SystemExit(main())
