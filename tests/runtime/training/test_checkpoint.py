"""Damage is found, told, and gone around; nothing is written over."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from llx.dsl.quantities import Quantity
from llx.plugins.work import Interrupted
from llx.runtime.events import Event
from llx.runtime.files import sha256
from llx.runtime.training import train
from llx.runtime.training.checkpoint import Checkpoints, Unusable
from llx.runtime.training.setup import Setup
from llx.runtime.training.weights import (
    WeightsDontFit,
    optimizer_tensors,
    put,
    put_optimizer,
    read_tensors,
    tensors_of,
    write_tensors,
)
from small import small_job
from torch import nn

JOB = {"model": "m", "data": "d"}


def a_checkpoints(tmp_path: Path, steps: int = 3) -> Checkpoints:
    checkpoints = Checkpoints(tmp_path / "c", "abc", JOB)
    for step in range(1, steps + 1):
        weights = {"w": torch.full((64,), float(step))}
        best = None if step < 2 else (2, {"w": torch.full((64,), 2.0)})
        checkpoints.save(step, weights, {"w/m": weights["w"]}, {"best_step": best[0] if best else None}, best)
    return checkpoints


def test_two_are_kept_and_the_best_as_long_as_it_is_meant(tmp_path: Path) -> None:
    checkpoints = a_checkpoints(tmp_path, 4)
    names = sorted(path.name for path in checkpoints.directory.iterdir())
    assert names == ["best-00000002", "step-00000003", "step-00000004"]
    saved, skipped = checkpoints.latest()
    assert saved is not None
    assert (saved.step, skipped) == (4, [])
    assert saved.network["w"][0] == 4
    assert checkpoints.best(2)["w"][0] == 2


def flip(path: Path, draw: random.Random) -> None:
    data = bytearray(path.read_bytes())
    place = draw.randrange(len(data))
    data[place] ^= 1 << draw.randrange(8)
    path.write_bytes(bytes(data))


def cut(path: Path, draw: random.Random) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: draw.randrange(len(data))])


def lose(path: Path, draw: random.Random) -> None:
    path.unlink()


@pytest.mark.parametrize("harm", [flip, cut, lose])
@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.safetensors", "state.json", "manifest.json"])
def test_every_damage_is_found_and_the_one_before_is_taken(
    tmp_path: Path, harm: Callable[[Path, random.Random], None], name: str
) -> None:
    for seed in range(5):
        checkpoints = a_checkpoints(tmp_path / str(seed))
        harm(checkpoints.directory / "step-00000003" / name, random.Random(seed))
        saved, skipped = checkpoints.latest()
        assert saved is not None
        assert saved.step == 2
        assert [folder for folder, _ in skipped] == ["step-00000003"]
        assert name in str(skipped[0][1].values)
        # The good one can be written where the damaged one was.
        checkpoints.save(3, {"w": torch.ones(64)}, {}, {"best_step": None}, None)
        assert checkpoints.latest()[0].step == 3  # type: ignore[union-attr]


def test_damage_to_the_best_weights_skips_what_needs_them(tmp_path: Path) -> None:
    checkpoints = a_checkpoints(tmp_path, 3)
    flip(checkpoints.directory / "best-00000002" / "model.safetensors", random.Random(0))
    saved, skipped = checkpoints.latest()
    assert saved is None
    assert len(skipped) == 2


def test_a_mixture_of_two_steps_is_found(tmp_path: Path) -> None:
    checkpoints = a_checkpoints(tmp_path)
    newer, older = (checkpoints.directory / f"step-0000000{step}/model.safetensors" for step in (3, 2))
    newer.write_bytes(older.read_bytes())
    saved, _ = checkpoints.latest()
    assert saved is not None
    assert saved.step == 2


def test_another_jobs_checkpoint_is_not_gone_on_from(tmp_path: Path) -> None:
    a_checkpoints(tmp_path)
    saved, skipped = Checkpoints(tmp_path / "c", "abc", JOB | {"data": "other"}).latest()
    assert saved is None
    assert skipped[0][1].values == {"part": "data", "old": "d", "new": "other"}


def test_another_tasks_checkpoint_is_not_gone_on_from(tmp_path: Path) -> None:
    a_checkpoints(tmp_path)
    saved, skipped = Checkpoints(tmp_path / "c", "def", JOB).latest()
    assert saved is None
    assert skipped[0][1].values == {"part": "fingerprint", "old": "abc", "new": "def"}


def test_the_manifest_tells_the_job_by_the_fields_of_its_components(tmp_path: Path) -> None:
    project, asked = small_job(tmp_path)
    job = Setup(asked, project.work).checkpoints.job
    assert json.loads(json.dumps(job)) == job, "it is compared with what was read from JSON"
    assert (job["model"], job["model.layers"], job["select"]) == ("decoder", 2, "loss")
    assert job["optimizer.lr"] == 0.003


def test_a_newer_format_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as newer:
        newer.setattr("llx.runtime.training.checkpoint.FORMAT", 2)
        checkpoints = a_checkpoints(tmp_path)
    _, skipped = checkpoints.latest()
    assert skipped[0][1].key == "training.skip.newer"


def test_what_a_kill_left_half_done_is_swept(tmp_path: Path) -> None:
    checkpoints = a_checkpoints(tmp_path)
    (checkpoints.directory / ".step-00000009.tmp").mkdir()
    again = Checkpoints(tmp_path / "c", "abc", JOB)
    assert not list(again.directory.glob(".*"))
    saved, skipped = again.latest()
    assert saved is not None
    assert (saved.step, skipped) == (3, [])


def test_a_header_of_nonsense_is_no_weights(tmp_path: Path) -> None:
    hostile = tmp_path / "model.safetensors"
    for data in (b"", b"\xff" * 8 + b"{}", (2**60).to_bytes(8, "little") + b"{}", b"\x80\x04cos\nsystem\n"):
        hostile.write_bytes(data)
        with pytest.raises(WeightsDontFit):
            read_tensors(hostile)


def test_weights_must_be_exactly_those_of_the_module() -> None:
    module = nn.Linear(2, 3)
    good = {name: torch.ones_like(tensor) for name, tensor in tensors_of(module).items()}
    put(module, good)
    assert module.bias.tolist() == [1, 1, 1]
    for bad in (
        {"weight": good["weight"]},
        good | {"extra": torch.ones(1)},
        good | {"bias": torch.ones(4)},
        good | {"bias": torch.ones(3, dtype=torch.int64)},
    ):
        with pytest.raises(WeightsDontFit):
            put(module, bad)


@pytest.mark.parametrize("kind", [torch.optim.AdamW, torch.optim.SGD])
def test_optimizer_state_goes_through_a_file_by_name(tmp_path: Path, kind: type[torch.optim.Optimizer]) -> None:
    def made() -> tuple[nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
        options = {"lr": 0.1} | ({"momentum": 0.9} if kind is torch.optim.SGD else {"fused": True})
        return network, kind([{"params": network[1].parameters()}, {"params": network[0].parameters()}], **options)  # type: ignore[call-arg]

    def steps(network: nn.Module, optimizer: torch.optim.Optimizer, count: int) -> None:
        for _ in range(count):
            optimizer.zero_grad()
            network(torch.arange(3.0)).square().sum().backward()
            optimizer.step()

    network, optimizer = made()
    steps(network, optimizer, 3)
    write_tensors(tmp_path / "o.safetensors", optimizer_tensors(optimizer, network))
    other, fresh = made()
    put(other, tensors_of(network))
    put_optimizer(fresh, other, read_tensors(tmp_path / "o.safetensors"))
    steps(network, optimizer, 2)
    steps(other, fresh, 2)
    for a, b in zip(network.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
    with pytest.raises(WeightsDontFit):
        put_optimizer(fresh, other, {"nowhere/exp_avg": torch.ones(1)})


def test_a_training_goes_around_a_damaged_checkpoint_to_the_same_bits(tmp_path: Path) -> None:
    def nothing(event: Event) -> None:
        pass

    digests = []
    for name, harmed in (("whole", False), ("harmed", True)):
        (tmp_path / name).mkdir()
        project, job = small_job(tmp_path / name, save=Quantity(4, "steps"))
        if harmed:
            project.work.stop_after = 14
            with pytest.raises(Interrupted):
                train(job, project.work, nothing)
            older, folder = sorted((tmp_path / name / "partial/checkpoints").glob("step-*"))
            flip(folder / "optimizer.safetensors", random.Random(1))
            project.work.fresh()
            project.work.stop_after = None
        train(job, project.work, nothing)
        digests.append(sha256(tmp_path / name / "out/best/model.safetensors"))
    assert digests[0] == digests[1]
    notes = dict(project.work.progress.notes)
    assert notes["training.skipped"]["checkpoint"] == folder.name
    assert notes["training.resumed"]["checkpoint"] == older.name


def test_manifests_tell_what_bits_depend_on(tmp_path: Path) -> None:
    checkpoints = a_checkpoints(tmp_path)
    manifest = json.loads((checkpoints.directory / "step-00000003/manifest.json").read_text())
    assert {"llx", "torch", "threads", "cpu_capability", "world_size"} <= manifest["environment"].keys()
    assert manifest["job"] == JOB
    with pytest.raises(Unusable):
        checkpoints.best(77)
