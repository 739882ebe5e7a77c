"""Runs that are killed at any moment leave a store that is right, and the same command ends with the same bytes."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from engine_lab import Lab
from killed_run import experiment
from llx.runtime.store import Damaged

SCRIPT = Path(__file__).with_name("killed_run.py")


def start(root: Path, store: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(root), str(store)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def contents(lab: Lab) -> dict[str, dict[str, tuple[int, str]]]:
    """Give the files of all artifacts, each compared with its digest."""
    found = {}
    for fingerprint, artifact in lab.store.all():
        assert not isinstance(artifact, Damaged), artifact
        lab.store.verify(artifact)
        found[fingerprint] = dict(artifact.files)
    return found


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, tuple[int, str]]]:
    lab = Lab(tmp_path_factory.mktemp("whole"))
    (lab.root / "a.txt").write_text("one two three", encoding="utf-8")
    assert lab.run(experiment(lab)).state == "finished"
    return contents(lab)


@pytest.fixture(scope="module")
def seconds(tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long a run takes on this machine that is not killed."""
    root = tmp_path_factory.mktemp("timed")
    (root / "a.txt").write_text("one two three", encoding="utf-8")
    process = start(root, root / ".llx")
    began = time.monotonic()
    process.communicate()
    return time.monotonic() - began


def kill_until_done(root: Path, seed: int, most: int, seconds: float) -> int:
    draw = random.Random(seed)
    kills = 0
    for _ in range(most):
        process = start(root, root / ".llx")
        try:
            process.communicate(timeout=draw.uniform(0.0, 0.6 * seconds))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
            contents(Lab(root))
        else:
            assert process.returncode == 0
            break
    return kills


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
def test_sigkill_at_random_moments(
    tmp_path: Path, expected: dict[str, dict[str, tuple[int, str]]], seconds: float, seed: int
) -> None:
    (tmp_path / "a.txt").write_text("one two three", encoding="utf-8")
    assert kill_until_done(tmp_path, seed, 12, seconds) > 0
    lab = Lab(tmp_path)
    assert lab.run(experiment(lab)).state == "finished"
    assert contents(lab) == expected
    assert list(lab.store.partial.iterdir()) == []
    assert (tmp_path / "out" / "hub" / "words.txt").exists()
    assert lab.plan(experiment(lab)).is_done


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_the_same_command_goes_on(
    tmp_path: Path, expected: dict[str, dict[str, tuple[int, str]]], number: signal.Signals
) -> None:
    (tmp_path / "a.txt").write_text("one two three", encoding="utf-8")
    process = start(tmp_path, tmp_path / ".llx")
    until = time.monotonic() + 20
    while not list(tmp_path.glob(".llx/partial/*/kept/done")) and time.monotonic() < until:
        time.sleep(0.005)
    process.send_signal(number)
    process.communicate(timeout=20)
    assert process.returncode == 130
    lab = Lab(tmp_path)
    assert lab.run(experiment(lab)).state == "finished"
    slow = next(
        artifact for _, artifact in lab.store.all() if not isinstance(artifact, Damaged) and "value" in artifact.facts
    )
    assert slow.facts["from"] > 0
    assert contents(lab) == expected


def test_two_processes_share_a_store(tmp_path: Path, expected: dict[str, dict[str, tuple[int, str]]]) -> None:
    store = tmp_path / "shared"
    roots = [tmp_path / name for name in ("one", "two", "three")]
    for root in roots:
        root.mkdir()
        (root / "a.txt").write_text("one two three", encoding="utf-8")
    processes = [start(root, store) for root in roots]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    ran = [line for root in roots for line in Lab(root).ran()]
    assert sorted(ran) == ["count", "ship", "steps", "tokens", "words a.txt"]
    assert contents(Lab(roots[0], store)) == expected
    assert all((root / "out" / "hub" / "words.txt").exists() for root in roots)
