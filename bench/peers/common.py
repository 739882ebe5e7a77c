"""What the peers share: the work as JSON on the command line, the same rows for all, and the times of their steps."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


class Steps:
    """Takes the time after each step, and tells them all at the end."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.losses: list[float] = []
        self.tokens: list[int] = []
        """Those of each step that are no padding, where a peer counts them."""

    def done(self, loss: float) -> None:
        self.times.append(time.perf_counter())
        self.losses.append(loss)

    def tell(self) -> None:
        print(json.dumps({"times": self.times, "losses": self.losses, "tokens": self.tokens}))


def the_work() -> dict[str, Any]:
    """Read the work: sizes, `rows` (a .npy of token rows), `steps`, and what a peer knows of beside."""
    return dict(
        json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), **json.loads(sys.argv[2] if sys.argv[2:] else "{}")
    )


def rows_of(work: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Give the token rows (n, context + 1)."""
    return np.load(work["tokens"]).astype(np.int64)
