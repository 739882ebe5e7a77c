"""Checkpoints that are damaged, or forged so that every digest agrees: passed over, and nothing in them is run."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from llx.dsl.diagnostics.model import Text
from llx.runtime import face
from llx.runtime.events import Event, Note, Step
from llx.runtime.run_folder import RunFolder
from llx.runtime.training.checkpoint import _digest
from safetensors.torch import load_file, save_file

from .lab import CANARY, spoken

EXPERIMENT = """
experiment hostile { seed = 1 }
data books = text("books/*.txt") |> split(validation = 30%)
tokenizer letters = characters(books.train)
stage learn = train {
  model = decoder { layers = 1, hidden_size = 8, heads = 2, context_length = 16 }
  tokenizer = letters
  data = books
  objective = causal_lm
  batch = 4 examples
  budget = 12 steps
  validate = 4 steps
  save = 2 steps
}
"""
PICKLE = b"cos\nsystem\n(S'touch canary'\ntR."


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project whose training was interrupted after its eighth step."""
    root = tmp_path_factory.mktemp("template")
    (root / "books").mkdir()
    for number in range(20):
        (root / "books" / f"{number}.txt").write_text(f"It was dark and stormy, night {number}. " * 20)
    (root / "case.llx").write_text(EXPERIMENT, encoding="utf-8")

    def stop(event: Event) -> None:
        if isinstance(event, Step) and event.step == 8:
            os.kill(os.getpid(), signal.SIGINT)

    result = face.run(root / "case.llx", listeners=lambda folder: [stop])
    assert result.exit_code == 130, result.diagnostics
    return root


@pytest.fixture
def project(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    shutil.copytree(template, root, symlinks=True)
    monkeypatch.chdir(root)
    return root


def checkpoints(root: Path) -> list[Path]:
    """Give the checkpoints that the training can go on from, the newest last."""
    return sorted((root / ".llx" / "partial").glob("*/kept/**/step-*"))


def go_on(root: Path) -> tuple[str, list[Text]]:
    """Let the training go on; give the digest of its weights, and what it said of the checkpoints."""
    notes: list[Text] = []

    def hear(event: Event) -> None:
        if isinstance(event, Note):
            notes.append(event.text)

    def listeners(folder: RunFolder | None) -> list[Callable[[Event], None]]:
        return [hear]

    result = face.run(root / "case.llx", listeners=listeners)
    assert result.ok, result.diagnostics
    weights = result["learn"].path / "last" / "model.safetensors"
    return hashlib.sha256(weights.read_bytes()).hexdigest(), notes


@pytest.fixture(scope="module")
def whole(template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the weights of the training that nobody harmed."""
    root = tmp_path_factory.mktemp("whole") / "project"
    shutil.copytree(template, root, symlinks=True)
    digest, notes = go_on(root)
    assert "training.resumed" in [text.key for text in notes]
    return digest


Harm = Callable[[Path], None]


def forged(change: Callable[[Path], Any]) -> Harm:
    """Give a harm after which sizes and digests are those of the harmed files: only a look at them can tell."""

    def harm(folder: Path) -> None:
        change(folder)
        path = folder / "manifest.json"
        manifest = json.loads(path.read_text(encoding="utf-8"))
        for name, file in manifest["files"].items():
            data = (folder / name).read_bytes()
            file.update(size=len(data), sha256=hashlib.sha256(data).hexdigest())
        seal(path, manifest)

    return harm


def manifest(change: Callable[[dict[str, Any]], Any]) -> Harm:
    """Give a harm to a manifest, which agrees with its own digest after it."""

    def harm(folder: Path) -> None:
        path = folder / "manifest.json"
        content = json.loads(path.read_text(encoding="utf-8"))
        change(content)
        seal(path, content)

    return harm


def seal(path: Path, content: dict[str, Any]) -> None:
    content.pop("sha256", None)
    path.write_text(json.dumps({**content, "sha256": _digest(content)}), encoding="utf-8")


def tensors(name: str, change: Callable[[dict[str, torch.Tensor]], Any]) -> Harm:
    def harm(folder: Path) -> None:
        path = folder / f"{name}.safetensors"
        content = load_file(path)
        change(content)
        save_file(content, path)

    return forged(harm)


def state(change: Callable[[dict[str, Any]], Any]) -> Harm:
    def harm(folder: Path) -> None:
        path = folder / "state.json"
        content = json.loads(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(json.dumps(content), encoding="utf-8")

    return forged(harm)


def write(name: str, data: bytes) -> Harm:
    return lambda folder: (folder / name).write_bytes(data) and None  # type: ignore[func-returns-value]


def flip(name: str) -> Harm:
    def harm(folder: Path) -> None:
        data = bytearray((folder / name).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / name).write_bytes(bytes(data))

    return harm


def cut(name: str) -> Harm:
    return lambda folder: os.truncate(folder / name, (folder / name).stat().st_size // 2)


def lose(name: str) -> Harm:
    return lambda folder: (folder / name).unlink()


def linked(name: str) -> Harm:
    def harm(folder: Path) -> None:
        aside = folder.parent.parent / "aside"
        (folder / name).rename(aside)
        (folder / name).symlink_to(aside)

    return harm


def first(content: dict[str, torch.Tensor]) -> str:
    return min(name for name in content if content[name].ndim)


def poison(value: float) -> Callable[[dict[str, torch.Tensor]], None]:
    def change(content: dict[str, torch.Tensor]) -> None:
        content[first(content)].view(-1)[0] = value

    return change


def reshape(content: dict[str, torch.Tensor]) -> None:
    content[first(content)] = torch.zeros(3, 5)


def retype(content: dict[str, torch.Tensor]) -> None:
    content[first(content)] = content[first(content)].to(torch.int64)


def halve(content: dict[str, torch.Tensor]) -> None:
    content[first(content)] = content[first(content)].to(torch.bfloat16)


HEADER = struct.pack("<Q", 1 << 60) + b"{}"
MODEL, OPTIMIZER, STATE, MANIFEST = "model.safetensors", "optimizer.safetensors", "state.json", "manifest.json"
HARMS: dict[str, tuple[Harm, str]] = {
    "a flipped bit in the weights": (flip(MODEL), "training.skip.damaged"),
    "a flipped bit in the optimizer": (flip(OPTIMIZER), "training.skip.damaged"),
    "cut weights": (cut(MODEL), "training.skip.damaged"),
    "an empty file": (write(MODEL, b""), "training.skip.damaged"),
    "a missing file": (lose(OPTIMIZER), "training.skip.missing"),
    "a file more": (write("model-00002-of-00002.safetensors", b""), "training.skip.extra"),
    "another tokenizer's data": (manifest(lambda content: content["job"].update(data="0" * 16)), "training.skip.other"),
    "another task's": (manifest(lambda content: content.update(fingerprint="0" * 40)), "training.skip.other"),
    "no manifest": (lose(MANIFEST), "training.skip.missing"),
    "a pickle for a manifest": (write(MANIFEST, PICKLE), "training.skip.damaged"),
    "a deep manifest": (write(MANIFEST, b"[" * 100_000), "training.skip.damaged"),
    "a list for a manifest": (write(MANIFEST, b"[1]"), "training.skip.damaged"),
    "a link": (linked(MODEL), "training.skip.damaged"),
    "a newer format": (manifest(lambda content: content.update(format=99)), "training.skip.newer"),
    "a format that is none": (manifest(lambda content: content.update(format="1")), "training.skip.damaged"),
    "another job": (manifest(lambda content: content["job"].update(model="other")), "training.skip.other"),
    "no files": (manifest(lambda content: content.update(files={})), "training.skip.missing"),
    "files that are a list": (manifest(lambda content: content.update(files=[MODEL])), "training.skip.damaged"),
    "no environment": (manifest(lambda content: content.pop("environment")), "training.skip.damaged"),
    "a billion threads": (
        manifest(lambda content: content["environment"].update(threads=10**9)),
        "training.skip.damaged",
    ),
    "a name out of the folder": (
        manifest(lambda content: content["files"].update({"../../../../../../case.llx": {"size": 1, "sha256": ""}})),
        "training.skip.damaged",
    ),
    "forged: a pickle for weights": (forged(write(MODEL, PICKLE)), "weights.file"),
    "forged: a zip of torch.save": (forged(lambda folder: torch.save({}, folder / MODEL)), "weights.file"),
    "forged: a header of 2^60 bytes": (forged(write(MODEL, HEADER)), "weights.file"),
    "forged: another shape": (tensors("model", reshape), "weights.shape"),
    "forged: another type": (tensors("model", retype), "weights.type"),
    "forged: another number format": (tensors("model", halve), "weights.type"),
    "forged: a tensor less": (tensors("model", lambda content: content.pop(first(content))), "weights.missing"),
    "forged: a tensor more": (tensors("model", lambda content: content.update(x=torch.ones(1))), "weights.extra"),
    "forged: NaN weights": (tensors("model", poison(float("nan"))), "weights.finite"),
    "forged: infinite moments": (tensors("optimizer", poison(float("inf"))), "weights.finite"),
    "forged: moments of another shape": (tensors("optimizer", reshape), "weights.shape"),
    "forged: a foreign moment": (
        tensors("optimizer", lambda content: content.update({"x/exp_avg": torch.ones(1)})),
        "weights.extra",
    ),
    "forged: a counter more": (state(lambda content: content.update(x=1)), "training.skip.damaged"),
    "forged: a step that is text": (state(lambda content: content.update(step="../../x")), "training.skip.damaged"),
    "forged: a best step elsewhere": (state(lambda content: content.update(best_step="../x")), "training.skip.damaged"),
    "forged: no counters": (forged(write(STATE, b"null")), "training.skip.damaged"),
}


@pytest.mark.parametrize("name", HARMS)
def test_a_checkpoint_that_is_not_to_be_trusted(name: str, project: Path, whole: str) -> None:
    harm, reason = HARMS[name]
    before, newest = checkpoints(project)[-2:]
    harm(newest)
    digest, notes = go_on(project)
    [skipped] = [text for text in notes if text.key == "training.skipped"]
    assert skipped.values["checkpoint"] == newest.name
    why = skipped.values["reason"]
    assert isinstance(why, Text)
    assert why.key == reason
    for language in ("en", "ja"):
        assert newest.name in spoken(skipped, language)
    [resumed] = [text for text in notes if text.key == "training.resumed"]
    assert resumed.values["checkpoint"] == before.name
    assert digest == whole, "the training ends with the bits that it would have had"
    assert not (project / CANARY).exists()


def test_a_training_whose_checkpoints_are_all_forged_starts_anew(project: Path, whole: str) -> None:
    for folder in checkpoints(project):
        tensors("optimizer", reshape)(folder)
    digest, notes = go_on(project)
    assert "training.resumed" not in [text.key for text in notes]
    assert digest == whole
