"""What stands between gradients and weights: the average, the loss scale, clipping, the host's optimizer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from llx.dsl.quantities import Quantity
from llx.dsl.record import replace
from llx.plugins.builtin.optimizer.adamw import AdamW
from llx.plugins.builtin.optimizer.lion import Lion
from llx.plugins.builtin.schedule.constant import Constant
from llx.plugins.component import TaskFailed
from llx.runtime.events import Event, Step
from llx.runtime.training import train
from llx.runtime.training.average import Average, moving, plain
from llx.runtime.training.precision import choose_precision, compute_in_fp8
from llx.runtime.training.scale import LossScale
from llx.runtime.training.step import FiniteGuard, NonFinite, clipped_norm
from llx.runtime.training.weights import read_tensors
from small import small_job, small_model
from torch import nn

CPU = torch.device("cpu")


def nothing(event: Event) -> None:
    pass


def test_an_average_follows_by_its_rule() -> None:
    layer = nn.Linear(2, 1, bias=False)
    average = Average(layer, moving(0.9))
    expected = layer.weight.detach().clone()
    for step in range(200):
        with torch.no_grad():
            layer.weight += 0.5
        average.follow(step, step / 200)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * layer.weight.detach()
    torch.testing.assert_close(average.averages["weight"], expected)


def test_the_mean_of_the_last_part_weighs_all_steps_alike() -> None:
    layer = nn.Linear(2, 3)
    average = Average(layer, plain, start=0.75)
    seen = []
    for step in range(20):
        with torch.no_grad():
            layer.weight.normal_()
        average.follow(step, step / 20)
        if step < 15:
            with average.shown(True):
                pass
        else:
            seen.append(layer.weight.detach().clone())
        trained = layer.weight.detach().clone()
        with average.shown(True):
            expected = torch.stack(seen).mean(0) if seen else trained
            torch.testing.assert_close(layer.weight.detach(), expected)
        assert torch.equal(layer.weight, trained)
    assert len(seen) == average.taken == 5


def test_a_training_with_swa_keeps_the_mean_of_its_last_weights(tmp_path: Path) -> None:
    """Trainings of one step more each end with the weights that are in the mean."""
    weights = []
    for steps in (*range(16, 21), 20):
        root = tmp_path / str(len(weights))
        root.mkdir()
        swa = 0.75 if len(weights) == 5 else None
        job: dict[str, Any] = {"budget": [Quantity(steps, "steps")], "schedule": Constant(), "swa": swa}
        project, made = small_job(root, **job)
        train(made, project.work, nothing)
        weights.append(read_tensors(root / "out/last/model.safetensors"))
    *plainly, swa_weights = weights
    for name, tensor in swa_weights.items():
        torch.testing.assert_close(tensor, torch.stack([one[name] for one in plainly]).mean(0))
    assert not torch.equal(plainly[-1]["body.embedding.weight"], swa_weights["body.embedding.weight"])


def test_showing_the_average_leaves_what_is_trained_as_it_was() -> None:
    layer = nn.Linear(3, 3)
    average = Average(layer, moving(0.9))
    with torch.no_grad():
        layer.weight.mul_(2)
    average.follow(0, 0.0)
    trained, kept = layer.weight.detach().clone(), average.averages["weight"].clone()
    with average.shown(True):
        assert torch.equal(layer.weight, kept)
        with average.shown(False):  # a save in the midst of a validation
            assert torch.equal(layer.weight, trained)
            assert torch.equal(average.tensors()["weight/average"], kept)
        assert torch.equal(layer.weight, kept)
    assert torch.equal(layer.weight, trained)
    assert torch.equal(average.averages["weight"], kept)


def test_the_average_is_what_is_validated_and_kept(tmp_path: Path) -> None:
    results = {}
    for name, ema in (("plain", None), ("slow", 0.999999)):
        (tmp_path / name).mkdir()
        project, job = small_job(tmp_path / name, budget=[Quantity(20, "steps")], ema=ema)
        results[name] = (
            train(job, project.work, nothing),
            read_tensors(tmp_path / name / "out/last/model.safetensors"),
        )
    (plain, weights), (slow, averages) = results["plain"], results["slow"]
    assert [line[1] for line in slow["curve"]] == [line[1] for line in plain["curve"]], "training is the same"
    assert slow["last_loss"] > plain["last_loss"], "the average lags behind in so few steps"
    assert not torch.equal(weights["body.embedding.weight"], averages["body.embedding.weight"])


def test_gradients_are_cut_by_value_and_then_by_norm() -> None:
    weight = nn.Parameter(torch.zeros(2))
    weight.grad = torch.tensor([-30.0, 0.4])
    assert float(clipped_norm([weight], None, 0.5)) == pytest.approx(30.0027, rel=1e-4)
    assert weight.grad.tolist() == pytest.approx([-0.5, 0.4])
    weight.grad = torch.tensor([3.0, 4.0])
    clipped_norm([weight], 1.0, 3.0)
    assert weight.grad.tolist() == pytest.approx([0.5**0.5] * 2, rel=1e-4)


def scaled(weight: nn.Parameter, size: float = 2.0**16) -> tuple[LossScale, FiniteGuard]:
    scale = LossScale(CPU)
    scale.size.fill_(size)
    return scale, FiniteGuard(torch.optim.SGD([weight]), CPU, scale)


def test_an_overflow_is_skipped_and_lowers_the_scale() -> None:
    scale, guard = scaled(nn.Parameter(torch.ones(1)))
    good, bad = torch.tensor(1.0), torch.tensor(float("inf"))
    assert guard.admit(0, good, good)
    assert not guard.admit(1, bad, good)
    assert (float(scale.size), int(scale.skipped), int(scale.steady)) == (2.0**15, 1, 0)
    scale.steady.fill_(1999)
    assert guard.admit(2, good, good)
    assert (float(scale.size), int(scale.skipped), int(scale.steady)) == (2.0**16, 1, 0)


def test_what_the_scale_is_not_to_blame_for_is_refused() -> None:
    good, bad = torch.tensor(1.0), torch.tensor(float("nan"))
    for size, norm, loss in ((2.0**16, good, bad), (1.0, bad, good)):
        _, guard = scaled(nn.Parameter(torch.ones(1)), size)
        with pytest.raises(NonFinite):
            guard.admit(3, norm, loss)


def test_gradients_come_back_to_their_own_size() -> None:
    weight = nn.Parameter(torch.tensor([0.25, 3.0]))
    scale = LossScale(CPU)
    (weight.square().sum() * scale.size).backward()
    scale.unscale([weight])
    assert weight.grad is not None
    assert weight.grad.tolist() == [0.5, 6.0]


def trained_in(root: Path, precision: str) -> tuple[dict[str, Any], list[Event]]:
    root.mkdir()
    project, job = small_job(root, budget=[Quantity(60, "steps")])
    project.work.settings = {**project.work.settings, "precision": precision}
    events: list[Event] = []
    return train(job, project.work, events.append), events


def test_fp16_learns_as_float32_does(tmp_path: Path) -> None:
    full, _ = trained_in(tmp_path / "float32", "float32")
    half, _ = trained_in(tmp_path / "fp16", "fp16")
    assert "skipped_steps" not in full
    assert half["skipped_steps"] == 0
    assert half["last_loss"] == pytest.approx(full["last_loss"], rel=0.02)


def test_steps_that_overflow_in_fp16_are_counted_and_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llx.runtime.training.scale._START", 2.0**30)
    facts, events = trained_in(tmp_path / "fp16", "fp16")
    assert 5 < facts["skipped_steps"] < 25
    assert facts["last_loss"] < facts["curve"][0][2] - 0.5, "it learns from the others"
    shown = [event.figures["skipped_steps"] for event in events if isinstance(event, Step)]
    assert shown[-1] == facts["skipped_steps"]


def test_formats_that_a_device_lacks_are_told() -> None:
    assert choose_precision("fp16", CPU) == torch.float16
    for name in ("tf32", "fp8"):
        with pytest.raises(TaskFailed, match="L0890"):
            choose_precision(name, CPU)


@pytest.mark.parametrize("optimizer", [AdamW(lr=0.003), Lion(lr=0.001)], ids=lambda one: one.name)
def test_an_optimizer_on_the_host_takes_the_same_steps(tmp_path: Path, optimizer: Any) -> None:
    facts = []
    for offload in (False, True):
        (tmp_path / str(offload)).mkdir()
        project, job = small_job(tmp_path / str(offload), budget=[Quantity(10, "steps")], optimizer=optimizer)
        facts.append(train(replace(job, offload=offload), project.work, nothing))
    assert facts[0] == facts[1]


def test_fp8_takes_the_place_of_linear_layers_and_keeps_their_names() -> None:
    pytest.importorskip("torchao")
    body = small_model().body(50)
    names = [name for name, _ in body.named_parameters()]
    compute_in_fp8(body, emulate=True)
    assert [name for name, _ in body.named_parameters()] == names
    assert type(body.blocks[0].attention.qkv).__name__ == "Float8Linear"
    body(torch.randint(0, 50, (2, 16))).square().sum().backward()
    assert all(parameter.grad is not None for parameter in body.blocks.parameters())


def test_fp8_without_its_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchao.float8", None)
    with pytest.raises(TaskFailed, match="L0891"):
        compute_in_fp8(small_model().body(50))
