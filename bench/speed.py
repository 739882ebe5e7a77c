"""How fast training is beside nanoGPT, the Hugging Face Trainer and a loop written by hand: docs/performance.md.

    python bench/speed.py large --rounds 3 --peers llx,hand,nanogpt,trainer,tuned [--nanogpt DIR] [--results FILE]

Everybody trains the same model on the same rows, in turn, each time in a process of its own. The figure of a process
is the median time of its steps, the first ones left out; of the rounds the median counts, and of a ratio the median of
the ratios within a round. With `--results` rounds add up over several calls, so that each call stays short.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from common import KEEPING, ROOT, project, token_rows

EXPERIMENT = """
experiment bench {{
  seed      = seed
  precision = {precision}
}}
param seed = 1
data books = text("books/*.en.txt")
tokenizer pieces = {tokenizer}
model gpt = {model} {{ layers = {layers}, hidden_size = {hidden_size}, heads = {heads}, context_length = {length} }}
stage pretrain = train {{
  model     = gpt
  tokenizer = pieces
  data      = books
  objective = {objective}
  optimizer = adamw {{ lr = 1e-3 }}
  schedule  = constant
  batch     = {rows} examples
  budget    = {steps} steps
}}
"""

CHARACTERS, PIECES = "characters(books)", "train_bpe(books, vocab_size = 8192)"
GPT = {"model": "decoder", "objective": "causal_lm"}
BERT = {"model": "encoder", "objective": "masked_lm"}
SIZES: dict[str, dict[str, Any]] = {
    "small": {**GPT, "tokenizer": CHARACTERS, "layers": 4, "hidden_size": 128, "heads": 4, "length": 64, "rows": 12},
    "large": {**GPT, "tokenizer": PIECES, "layers": 6, "hidden_size": 384, "heads": 6, "length": 256, "rows": 16},
    "masked": {**BERT, "tokenizer": PIECES, "layers": 4, "hidden_size": 256, "heads": 4, "length": 128, "rows": 32},
    "tiny": {**GPT, "tokenizer": CHARACTERS, "layers": 1, "hidden_size": 32, "heads": 2, "length": 32, "rows": 4},
}
STEPS = {"small": (300, 10), "large": (7, 1), "masked": (14, 1), "tiny": (20, 2)}
"""Steps of a process, and between two that llx logs."""
LEFT_OUT = 2

PEERS: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "llx": ("through_llx.py", {}, {}),
    "hand": ("hand.py", {}, KEEPING),
    "hand bf16": ("hand.py", {"precision": "bf16"}, KEEPING),
    "nanogpt": ("nanogpt.py", {}, {}),
    "nanogpt compiled": ("nanogpt.py", {"compile": True}, {}),
    "trainer": ("trainer.py", {}, {}),
    "trainer bf16": ("trainer.py", {"bf16": True}, {}),
    "trainer kept": ("trainer.py", {}, KEEPING),
    "trainer eager": ("trainer.py", {"attention": "eager"}, KEEPING),
    "trainer bf16 eager": ("trainer.py", {"attention": "eager", "bf16": True}, KEEPING),
}

TRAINER = ["trainer", "trainer kept", "trainer eager"]
USUAL = {False: ["llx", "hand", "nanogpt", *TRAINER], True: ["llx", *TRAINER]}


def main() -> int:
    asked = parsed()
    found: dict[str, list[float]] = {}
    if asked.results and asked.results.exists():
        found = json.loads(asked.results.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as temporary:
        place = asked.place or Path(temporary)
        work = prepared(place, asked.size, asked.precision)
        for _ in range(asked.rounds):
            for name in asked.peers.split(",") if asked.peers else USUAL[asked.size == "masked"]:
                seed = 1 + len(found.get(name, []))
                speed = tokens_per_second(name, work, seed, asked.nanogpt)
                found.setdefault(name, []).append(speed)
                print(f"{name:20} {speed:10,.0f} tokens/s", flush=True)
                if asked.results:
                    asked.results.write_text(json.dumps(found), encoding="utf-8")
    tell(found)
    return 0


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", help=f"some of {', '.join(PEERS)}; the Trainer alone knows `masked`")
    parser.add_argument("--precision", default="auto", help="llx's")
    parser.add_argument("--nanogpt", metavar="DIR", help="a clone of nanoGPT, whose model is used")
    parser.add_argument("--results", type=Path, help="a file to which rounds are added")
    parser.add_argument("--place", type=Path, help="a folder for data and store, to be used again")
    return parser.parse_args()


def prepared(place: Path, size: str, precision: str) -> Path:
    """Write the experiment, have llx tokenize, and give the file that tells everybody the work."""
    place = place.resolve()
    file, work = place / f"{size}.llx", place / f"{size}.json"
    steps, log_every = STEPS[size]
    sizes = {**SIZES[size], "precision": precision}
    if not work.exists():
        project(place)
        file.write_text(EXPERIMENT.format(**sizes, steps=2), encoding="utf-8")
        tokens, vocabulary = tokenized(file)
        common = {"file": str(file), "tokens": str(tokens), "steps": steps, "log_every": log_every}
        work.write_text(json.dumps({**sizes, **common, "vocab_size": vocabulary}), encoding="utf-8")
    file.write_text(EXPERIMENT.format(**sizes, steps=steps), encoding="utf-8")
    return work


def tokenized(file: Path) -> tuple[Path, int]:
    """Run the experiment once, and store its rows as an array; give it and the size of the vocabulary."""
    import numpy as np

    shards, vocabulary = token_rows(file)
    rows = shards.read(np.arange(len(shards)))
    whole = (rows["segments"] == 1).all(axis=1) if "segments" in rows else slice(None)
    place = file.with_suffix(".npy")
    np.save(place, rows["tokens"][whole])
    return place, vocabulary


def tokens_per_second(name: str, work: Path, seed: int, clone: str | None) -> float:
    """Run one peer, and give the tokens that its median step comes to in a second."""
    script, more, variables = PEERS[name]
    extra = {**more, "seed": seed} | ({"clone": clone} if clone and script == "nanogpt.py" else {})
    command = [sys.executable, str(ROOT / "bench" / "peers" / script), str(work), json.dumps(extra)]
    done = subprocess.run(command, env={**os.environ, **variables}, stdout=subprocess.PIPE, check=True, text=True)
    told = json.loads(done.stdout.strip().rsplit("\n", 1)[-1])
    sizes = json.loads(work.read_text(encoding="utf-8"))
    between = [b - a for a, b in itertools.pairwise(told["times"])][LEFT_OUT:]
    return told.get("every", 1) * sizes["rows"] * sizes["length"] / statistics.median(between)


def tell(found: dict[str, list[float]]) -> None:
    """Print medians, and what llx comes to beside each."""
    ours = found.get("llx", [])
    for name, speeds in found.items():
        ratios = [a / b for a, b in zip(ours, speeds, strict=False)]
        beside = f"   llx: {statistics.median(ratios):.2f} times that" if ratios and name != "llx" else ""
        print(f"{name:20} {statistics.median(speeds):10,.0f} tokens/s (median of {len(speeds)}){beside}")


if __name__ == "__main__":
    raise SystemExit(main())
