"""Kills a training and lets it go on: the weights must be those of one that nobody killed, to the bit.

Each training is a process of its own: `python -m llx.runtime.proving` runs one, and kills itself with SIGKILL as soon
as a checkpoint lies on the disk, if it is asked to.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Digests = Mapping[str, str]
"""The digest of the last weights by the stage's label."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """What became of a stage that was killed: `proved`, `differs`, or `unkilled` if it ended before it could be."""

    label: str
    outcome: str
    step: int | None = None
    """The step whose checkpoint it went on from."""


def prove_resume(file: Path, params: Sequence[str], stages: Sequence[str]) -> list[Resumed]:
    """Train each stage of a smoke run twice, once killed in the middle. RuntimeError if a training fails by itself."""
    with tempfile.TemporaryDirectory(prefix="llx-prove-") as folder:
        whole, killed = Path(folder, "whole"), Path(folder, "killed")
        expected = _digests(_train(file, params, stages, whole))
        steps = {label: step for label in stages if (step := _kill(file, params, label, killed)) is not None}
        found = _digests(_train(file, params, stages, killed))
    return [
        Resumed(label, "unkilled" if label not in steps else "proved" if found[label] == expected[label] else "differs",
                steps.get(label))
        for label in stages
    ]  # fmt: skip


def _kill(file: Path, params: Sequence[str], label: str, store: Path) -> int | None:
    """Train a stage until its first checkpoint, and give the step at which it was killed."""
    done = _train(file, params, [label], store, "kill")
    if done.returncode != -signal.SIGKILL:
        _digests(done)
        return None
    return int(json.loads(done.stdout.strip().rsplit("\n", 1)[-1])["step"])


def _train(
    file: Path, params: Sequence[str], stages: Sequence[str], store: Path, how: str = "whole"
) -> subprocess.CompletedProcess[str]:
    order = json.dumps({"file": str(file), "params": list(params), "only": list(stages), "store": str(store)})
    return subprocess.run([sys.executable, "-m", __name__, how, order], capture_output=True, text=True, check=False)


def _digests(done: subprocess.CompletedProcess[str]) -> Digests:
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip() or f"exit code {done.returncode}")
    digests: Digests = json.loads(done.stdout.strip().rsplit("\n", 1)[-1])
    return digests


def main(how: str, order: str) -> int:
    """Run the stages of an order, in a smoke run, in this process."""
    from ..dsl.diagnostics import plain
    from .events import CheckpointSaved, Event, TaskStarted
    from .face import run

    asked = json.loads(order)
    started: dict[str, str] = {}

    def end(event: Event) -> None:
        if isinstance(event, TaskStarted):
            started[event.task.fingerprint] = event.task.label
        # What the stage needs is trained too, and left in peace.
        elif isinstance(event, CheckpointSaved) and started.get(event.fingerprint) in asked["only"]:
            print(json.dumps({"step": event.step}), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

    listeners = [end] if how == "kill" else []
    result = run(
        asked["file"], only=asked["only"], store=asked["store"], params=asked["params"], mode="smoke",
        listeners=lambda folder: listeners,
    )  # fmt: skip
    if not result.ok:
        print(plain.show(result.diagnostics), file=sys.stderr)
        return 1
    print(json.dumps({label: _digest(result[label].path / "last" / "model.safetensors") for label in asked["only"]}))
    return 0


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
