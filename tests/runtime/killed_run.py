"""One run in a process of its own, to be killed: `killed_run.py ROOT STORE`."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from engine_lab import Count, Lab, Scale, Ship, Steps, Words
from llx.dsl.program import Program
from llx.runtime.signals import stopping_on_signals


def experiment(lab: Lab) -> Program:
    """Make a program with every sort of task: plain, hidden, resumable, exported."""
    words = Words(file="a.txt")
    slow = Steps(steps=30, pause=0.005, after=words.default())
    total = Count(source=words.default(), scale=Scale(factor=2.0), like=slow.default())
    values: dict[str, Any] = {"words": words, "slow": slow, "total": total}
    return lab.program(values | {"hub": Ship(source=total.default(), to="out/hub")})


def main() -> int:
    lab = Lab(Path(sys.argv[1]), Path(sys.argv[2]))
    stop = threading.Event()
    print("ready", flush=True)
    with stopping_on_signals(stop):
        return lab.run(experiment(lab), stop=stop).exit_code


if __name__ == "__main__":
    sys.exit(main())
