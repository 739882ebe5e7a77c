"""What is told of a training beside its loss."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from llx.dsl.quantities import Quantity
from llx.dsl.record import replace
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.shards import Shards
from llx.runtime.events import Sampled, Step
from llx.runtime.training import gradients as gradients_of
from llx.runtime.training import monitor, profile, train
from llx.runtime.training.by_source import losses_by_source
from llx.runtime.training.loader import tensors
from llx.runtime.training.order import Mixture
from llx.runtime.training.ratio import UpdateRatio
from llx.runtime.training.setup import Setup
from llx.runtime.training.spikes import Spikes
from llx.runtime.training.stopwatch import Stopwatch
from small import Project, sentences, small_job, small_model


def usual(steps: int = 200) -> list[float]:
    draw = random.Random(0)
    return [3 + 4 * 0.97**step + draw.gauss(0, 0.1) for step in range(steps)]


def found(losses: list[float], cut: int | None = None) -> tuple[list[int], Spikes]:
    """Give the steps of the spikes; with `cut`, the training was saved and went on there."""
    spikes, steps = Spikes(), []
    for step, loss in enumerate(losses, 1):
        spikes.add(step, torch.tensor(loss * 7), 7.0)
        if step % 10 == 0 or step == cut:
            steps += [at for at, _, _ in spikes.look()]
        if step == cut:
            stored = json.loads(json.dumps(spikes.json()))
            spikes = Spikes()
            spikes.restore(stored)
    steps += [at for at, _, _ in spikes.look()]
    return steps, spikes


def test_usual_losses_are_no_spikes() -> None:
    assert found(usual(3000))[0] == []


def test_a_spike_is_found_once_and_its_step_is_kept() -> None:
    losses = usual()
    losses[119:123] = [5.5, 6.0, 5.8, 5.1]
    losses[169] = 4.5
    steps, spikes = found(losses)
    assert steps == spikes.steps == [120, 170]
    assert spikes.count == 2


def test_a_training_that_went_on_finds_the_same_spikes() -> None:
    losses = usual()
    losses[119] = losses[150] = 6.0
    whole, whole_state = found(losses)
    for cut in (3, 57, 119, 120, 121, 155):
        again, state = found(losses, cut)
        assert again == whole
        assert state.json() == whole_state.json()


def test_a_loss_that_hardly_moves_has_no_spikes_of_rounding() -> None:
    assert found([2.0 + 1e-6 * (step % 2) for step in range(100)] + [2.001])[0] == []


def test_the_update_is_measured_against_the_weights() -> None:
    weight, bias = torch.nn.Parameter(torch.full((40, 50), 2.0)), torch.nn.Parameter(torch.zeros(50))
    ratio = UpdateRatio([weight, bias])
    ratio.after()
    assert ratio.take() is None
    ratio.before()
    with torch.no_grad():
        weight.add_(0.01)
        bias.add_(5)
    ratio.after()
    assert ratio.take() == pytest.approx(0.005, rel=1e-4)
    assert ratio.take() is None


def test_the_time_of_a_step_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    watch = Stopwatch(torch.device("cpu"))
    for _ in range(10):
        for part, seconds in (
            ("data", 1),
            ("forward", 2),
            ("backward", 3),
            ("forward", 2),
            ("optimizer", 4),
            (None, 50),
        ):
            now[0] += seconds / 1000
            watch.lap(part)
    assert watch.take() == pytest.approx({"ms_data": 1, "ms_forward": 4, "ms_backward": 3, "ms_optimizer": 4})
    assert watch.take() == {}


def test_memory_is_known_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    here = monitor.memory_bytes(torch.device("cpu"))
    assert 2**25 < here < 2**38

    def gone(*_: Any, **__: Any) -> None:
        raise OSError

    monkeypatch.setattr(monitor, "open", gone, raising=False)
    assert monitor.memory_bytes(torch.device("cpu")) >= here / 4


def test_a_training_tells_its_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "_PEAK_AFTER", 0.0)
    monkeypatch.setattr(monitor, "is_switched_off", lambda: False)
    monkeypatch.setattr(monitor, "matmul_peak", lambda device, dtype: 1e12)
    project, job = small_job(tmp_path, budget=[Quantity(30, "steps")])
    events: list[Any] = []
    train(replace(job, samples=["red", ""]), project.work, events.append)
    tokens = project.work.input(job.tokens)
    flops = 3 * job.model.flops_per_token(tokens.facts["vocab_size"], Shards(tokens.directory, "train").row_length())
    steps = [event for event in events if isinstance(event, Step)]
    assert {10, 20, 30} <= {event.step for event in steps}
    for event in steps:
        figures = event.figures
        parts = sum(value for name, value in figures.items() if name.startswith("ms_"))
        assert {"ms_data", "ms_forward", "ms_backward", "ms_optimizer"} <= figures.keys()
        assert figures["mfu"] == pytest.approx(figures["tokens_per_second"] * flops / 1e12)
        assert figures["memory_bytes"] > 2**25
        assert parts > 0
    ratios = {event.step: event.figures["update_ratio"] for event in steps if "update_ratio" in event.figures}
    assert list(ratios) == [10]
    assert 0 < ratios[10] < 1
    sampled = [event for event in events if isinstance(event, Sampled)]
    assert sampled[-1].step == 30
    assert [prompt for prompt, _ in sampled[-1].samples] == ["red", ""]
    assert all(len(text) <= 40 for _, text in sampled[-1].samples)


def test_samples_change_no_training(tmp_path: Path) -> None:
    losses = []
    for name, prompts in (("with", ["red"]), ("without", [])):
        (tmp_path / name).mkdir()
        project, job = small_job(tmp_path / name, budget=[Quantity(20, "steps")])
        losses.append(train(replace(job, samples=prompts), project.work, lambda event: None)["curve"])
    assert losses[0] == losses[1]


def test_a_spike_is_told_with_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llx.runtime.training.spikes.SEEN", 5)
    gradients = gradients_of.gradients

    def spoiled(*args: Any, **kwargs: Any) -> Any:
        sums = gradients(*args, **kwargs)
        seen.append(1)
        return sums | ({"loss": sums["loss"] * 9} if len(seen) == 12 else {})

    seen: list[int] = []
    monkeypatch.setattr(gradients_of, "gradients", spoiled)
    project, job = small_job(tmp_path, budget=[Quantity(20, "steps")])
    facts = train(job, project.work, lambda event: None)
    assert facts["spikes"] == {"count": 1, "steps": [12]}
    [values] = [values for key, values in project.work.progress.notes if key == "training.spike"]
    assert values["step"] == 12
    assert isinstance(values["rows"], int)
    assert len(str(values["first"]).split(", ")) == 8


def test_some_steps_are_traced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(profile.SWITCH, "2")
    monkeypatch.chdir(tmp_path)
    project, job = small_job(tmp_path, budget=[Quantity(12, "steps")])
    train(job, project.work, lambda event: None)
    assert "training.profile" in project.work.progress.said()
    [file] = tmp_path.glob("llx-trace-*.json")
    names = {event.get("name") for event in json.loads(file.read_text())["traceEvents"]}
    assert {"ProfilerStep#8", "ProfilerStep#9", "aten::linear"} <= names


def test_the_loss_by_source(tmp_path: Path) -> None:
    project, model, objective = Project(tmp_path), small_model(), CausalLM()
    rows = {"text": sentences(300), "origin": ["a" if number % 3 else "b" for number in range(300)]}
    data = project.data("data", {"rows": rows}, weights={"a": 0.25, "b": 0.75})
    tokens = project.tokens("tokens", data, objective, model)
    job = project.job(tokens, objective, model, budget=[Quantity(12, "steps")])
    setup = Setup(job, project.work)
    losses = losses_by_source(setup.network, setup, 3, rows=2)
    assert losses.keys() == {"a", "b"}
    setup.network.eval()
    batch = setup.reader.prepared(setup.order.rows(3), 0)
    counts = {}
    assert isinstance(setup.order, Mixture)
    for source in setup.order.sources:
        drawn = setup.order.rows(3)
        counts[source.name] = objective.count(
            setup.reader.prepared(drawn[(drawn >= source.start) & (drawn < source.end)], 0)
        )
    with torch.no_grad():
        whole = float(objective.loss(setup.network, tensors(batch, [slice(None)])[0])[0])
    assert sum(losses[name] * counts[name] for name in counts) == pytest.approx(whole, rel=1e-5)

    project.work.fresh()
    events: list[Any] = []
    train(job, project.work, events.append)
    [figures] = [event.figures for event in events if isinstance(event, Step) and event.step == 10]
    assert figures["loss/a"] > 0
    assert figures["loss/b"] > 0
