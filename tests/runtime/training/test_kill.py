"""A training that is killed at any moment ends with the bits of one that was never killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import llx
import pytest
from llx.runtime.files import sha256
from small import __file__ as script

RESULTS = ("out/best/model.safetensors", "out/last/model.safetensors")


def start(folder: Path, options: dict[str, Any]) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    # The package's folder may have any name: a link beside it says which one is meant.
    path = folder.parent / "path"
    path.mkdir(exist_ok=True)
    if not (path / "llx").exists():
        (path / "llx").symlink_to(Path(llx.__file__).resolve().parent)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(path)}
    return subprocess.Popen(
        [sys.executable, str(script), str(folder), json.dumps(options)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    process = start(folder, options)
    _, errors = process.communicate(timeout=500)
    assert process.returncode == 0, errors
    return json.loads((folder / "facts.json").read_text())  # type: ignore[no-any-return]


def killed(folder: Path, options: dict[str, Any], kills: int, sign: signal.Signals, longest: float) -> int:
    """Start the training so many times and kill it; gives how many of them had begun to train."""
    draw = random.Random(kills)
    begun = 0
    for _ in range(kills):
        process = start(folder, options)
        assert process.stdout is not None
        begun += process.stdout.readline() == "training\n"
        time.sleep(draw.uniform(0.05, longest))
        process.send_signal(sign)
        process.communicate(timeout=60)
        if (folder / "facts.json").exists():
            break
    return begun


def compare(tmp_path: Path, options: dict[str, Any], kills: int, sign: signal.Signals, longest: float) -> None:
    # What is trained doesn't depend on when it is saved.
    whole = finished(tmp_path / "whole", options | {"save": 100_000})
    begun = killed(tmp_path / "killed", options, kills, sign, longest)
    assert begun == kills or (tmp_path / "killed" / "facts.json").exists()
    facts = finished(tmp_path / "killed", options)
    assert facts == whole
    for name in RESULTS:
        assert sha256(tmp_path / "killed" / name) == sha256(tmp_path / "whole" / name)
    assert "training.skipped" not in json.loads((tmp_path / "killed" / "notes.json").read_text())


def test_killed_with_dropout(tmp_path: Path) -> None:
    compare(tmp_path, {"steps": 100, "save": 2}, 3, signal.SIGKILL, 0.5)


def test_killed_with_all_that_a_training_can_remember(tmp_path: Path) -> None:
    options = {"steps": 80, "save": 2, "muon": True, "ema": 0.95, "precision": "fp16", "recompute": "block"}
    compare(tmp_path, options, 3, signal.SIGKILL, 0.5)


def test_killed_with_a_mean_of_weights_and_dropped_tokens(tmp_path: Path) -> None:
    compare(tmp_path, {"steps": 80, "save": 2, "swa": 0.5, "token_dropout": 0.1}, 2, signal.SIGKILL, 0.5)


def test_killed_with_early_stopping(tmp_path: Path) -> None:
    options = {"steps": 300, "save": 3, "classification": True, "patience": 2, "lr": 0.02}
    compare(tmp_path, options, 2, signal.SIGKILL, 0.5)
    assert json.loads((tmp_path / "killed" / "facts.json").read_text())["stopped"] == "patience"


def test_asked_to_stop_it_saves_and_goes_on(tmp_path: Path) -> None:
    """Without a save in between: what is there afterwards was saved because of the signal."""
    options = {"steps": 150, "save": 100_000}
    compare(tmp_path, options, 1, signal.SIGTERM, 0.5)
    assert "training.resumed" in json.loads((tmp_path / "killed" / "notes.json").read_text())


@pytest.mark.parametrize("place", ["write", "seal"])
def test_killed_during_a_save(tmp_path: Path, place: str) -> None:
    """The saving thread kills the process: with the half of a save's files, and with all of them but no name."""
    options = {"steps": 30, "save": 4}
    whole = finished(tmp_path / "whole", options | {"save": 100_000})
    process = start(tmp_path / "killed", options | {"dies_at": place})
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    left = [path.name for path in (tmp_path / "killed" / "partial" / "checkpoints").iterdir()]
    assert any(name.startswith(".") for name in left), "it was killed within a save"
    assert any(name.startswith("step-") for name in left), "the one before is there"
    assert finished(tmp_path / "killed", options) == whole
    for name in RESULTS:
        assert sha256(tmp_path / "killed" / name) == sha256(tmp_path / "whole" / name)
    notes = json.loads((tmp_path / "killed" / "notes.json").read_text())
    assert "training.resumed" in notes
    assert "training.skipped" not in notes


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_killed_fifty_times(tmp_path: Path) -> None:
    compare(tmp_path, {"steps": 1500, "save": 1}, 50, signal.SIGKILL, 0.4)
