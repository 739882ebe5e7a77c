"""How fast a classifier is fine-tuned on texts of mixed length, beside the Hugging Face Trainer: docs/performance.md.

    python bench/finetune.py [rounds] [--results FILE]

Everybody trains the same encoder (6 layers of 384, as MiniLM) on the same passages of two books, 16 a step, in turn and
each time in a process of its own. The lengths are log-normal: half of the passages have less than 60 tokens, and one
in twenty is cut at 256. Counted are the tokens of all steps after the first few, as examples of the mean length: steps
differ in length, and the Trainer begins with the longest where it groups. llx puts
together batches of like lengths; `grouped` has the Trainer do so too.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from common import KEEPING, ROOT, project, token_rows

EXPERIMENT = """
experiment bench {{ seed = seed }}
param seed = 1
data passages = jsonl("passages.jsonl", label = "label")
tokenizer pieces = train_bpe(passages, vocab_size = 8192)
model bert = encoder {{
  layers = {layers}, hidden_size = {hidden_size}, heads = 12, context_length = {length}, dropout = 0
}}
stage classify = train {{
  model     = bert
  tokenizer = pieces
  data      = passages
  objective = classification {{ pooling = first, pooler = true }}
  optimizer = adamw {{ lr = 1e-3 }}
  schedule  = constant
  batch     = {rows} examples
  budget    = {steps} steps
}}
"""
SIZES: dict[str, Any] = {"layers": 6, "hidden_size": 384, "heads": 12, "length": 256, "rows": 16}
STEPS, EVERY, LEFT_OUT = 62, 2, 6
PASSAGES, TOKENS_A_CHARACTER = 4000, 0.26

GROUPED = {"sampling": "group_by_length"}
PEERS: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "llx": ("through_llx.py", {}, {}),
    "trainer": ("trainer.py", {}, {}),
    "trainer kept": ("trainer.py", {}, KEEPING),
    "trainer eager": ("trainer.py", {"attention": "eager"}, KEEPING),
    "trainer grouped": ("trainer.py", GROUPED, KEEPING),
    "trainer grouped eager": ("trainer.py", {**GROUPED, "attention": "eager"}, KEEPING),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", nargs="?", type=int, default=3)
    parser.add_argument("--results", type=Path, help="a file to which rounds are added")
    asked = parser.parse_args()
    found: dict[str, list[float]] = {}
    if asked.results and asked.results.exists():
        found = json.loads(asked.results.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        work = prepared(Path(folder))
        for _ in range(asked.rounds):
            for name in PEERS:
                found.setdefault(name, []).append(examples_per_second(name, work, 1 + len(found.get(name, []))))
                print(f"{name:24} {found[name][-1]:8.1f} examples/s", flush=True)
                if asked.results:
                    asked.results.write_text(json.dumps(found), encoding="utf-8")
    for name, speeds in found.items():
        ratio = statistics.median(a / b for a, b in zip(found["llx"], speeds, strict=True))
        print(
            f"{name:24} {statistics.median(speeds):8.1f} examples/s (median of {len(speeds)})   llx: {ratio:.2f} times"
        )
    return 0


def prepared(place: Path) -> Path:
    """Write passages and experiment, have llx tokenize, and give the file that tells everybody the work."""
    place = project(place).resolve()
    drawn = random.Random(1)
    with (place / "passages.jsonl").open("w", encoding="utf-8") as out:
        books = sorted((place / "books").iterdir())
        for number in range(PASSAGES):
            book = number % len(books)
            text = books[book].read_text(encoding="utf-8")
            tokens = min(max(drawn.lognormvariate(math.log(60), 0.85), 6), 300)
            start = drawn.randrange(len(text) - 2000)
            passage = text[start : start + round(tokens / TOKENS_A_CHARACTER)]
            print(json.dumps({"text": passage, "label": books[book].stem}), file=out)
    file = place / "finetune.llx"
    file.write_text(EXPERIMENT.format(**SIZES, steps=2), encoding="utf-8")
    tokens, vocabulary = tokenized(file)
    file.write_text(EXPERIMENT.format(**SIZES, steps=STEPS), encoding="utf-8")
    work = place / "work.json"
    common = {"file": str(file), "stage": "classify", "tokens": str(tokens), "steps": STEPS, "log_every": EVERY}
    more = {"objective": "classification", "vocab_size": vocabulary}
    work.write_text(json.dumps({**SIZES, **common, **more}), encoding="utf-8")
    return work


def tokenized(file: Path) -> tuple[Path, int]:
    """Run the experiment once and store its token rows; give them and the size of the vocabulary."""
    shards, vocabulary = token_rows(file)
    lengths = shards.lengths()
    assert lengths is not None
    read = [shards.read(np.array([row])) for row in range(len(shards))]
    place = file.with_suffix(".npz")
    tokens = np.concatenate([row["tokens"][0, :length] for row, length in zip(read, lengths, strict=True)])
    np.savez(place, tokens=tokens, lengths=lengths, labels=np.concatenate([row["label"] for row in read]))
    print(f"{len(lengths)} passages, lengths {np.percentile(lengths, [5, 25, 50, 75, 95]).tolist()}")
    return place, vocabulary


def examples_per_second(name: str, work: Path, seed: int) -> float:
    """Run one peer; give how many examples of the mean length it learns from in a second, but for its first steps."""
    script, more, variables = PEERS[name]
    command = [sys.executable, str(ROOT / "bench" / "peers" / script), str(work), json.dumps({**more, "seed": seed})]
    done = subprocess.run(command, env={**os.environ, **variables}, stdout=subprocess.PIPE, check=True, text=True)
    told = json.loads(done.stdout.strip().rsplit("\n", 1)[-1])
    every = told.get("every", 1)
    times = told["times"][LEFT_OUT // every - 1 :]
    mean = np.load(json.loads(work.read_text(encoding="utf-8"))["tokens"])["lengths"].mean()
    return float(sum(told["tokens"][LEFT_OUT:]) / mean / (times[-1] - times[0]))


if __name__ == "__main__":
    raise SystemExit(main())
