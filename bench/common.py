"""What the benches share: interleaved timings of whole processes, medians, ratios."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llx.plugins.shards import Shards

ROOT = Path(__file__).resolve().parent.parent

KEEPING = {
    "GLIBC_TUNABLES": "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=4294967296:glibc.malloc.top_pad=67108864"
}
"""Has glibc keep freed memory: the setting that the peers are given when they are tuned."""


def seconds(command: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> float:
    """Give the wall time of a process; CalledProcessError if it fails."""
    start = time.perf_counter()
    subprocess.run(command, cwd=cwd, env={**os.environ, **(env or {})}, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def interleaved(commands: Mapping[str, Sequence[str]], cwd: Path, rounds: int) -> dict[str, list[float]]:
    """Time several commands in turn, after one round that isn't counted."""
    found: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            took = seconds(command, cwd)
            if number:
                found[name].append(took)
    return found


def project(place: Path) -> Path:
    """Make a folder a project of its own, with the English books of the examples in `books/`; give it back."""
    for part in (".llx", "books"):
        (place / part).mkdir(parents=True, exist_ok=True)
    for book in (ROOT / "examples" / "data" / "books").glob("*.en.txt"):
        (place / "books" / book.name).write_bytes(book.read_bytes())
    return place


def token_rows(file: Path) -> tuple[Shards, int]:
    """Run an experiment once; give its encoded rows and the size of the vocabulary."""
    import llx
    from llx.plugins.shards import Shards

    result = llx.run(file, seed=0)
    assert result.ok, result.diagnostics
    plan = llx.plan(file).plan
    assert plan is not None
    artifact = next(plan.store.find(n.fingerprint) for n in plan.graph.nodes if n.kind == "tokens")
    assert artifact is not None
    return Shards(artifact.directory, "rows"), artifact.facts["vocab_size"]


def ratio(one: Sequence[float], other: Sequence[float]) -> float:
    """Give the median of the ratios, pair by pair, so that a drift of the machine cancels out."""
    return statistics.median(a / b for a, b in zip(one, other, strict=True))


def verdict(name: str, value: float, goal: float, at_most: bool) -> bool:
    """Print a figure beside its goal."""
    good = value <= goal if at_most else value >= goal
    print(f"{name}: {value:.3f} (goal: {'at most' if at_most else 'at least'} {goal}) {'ok' if good else 'MISSED'}")
    return good
