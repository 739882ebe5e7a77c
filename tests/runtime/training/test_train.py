"""A training job from beginning to end: what it writes, when it stops, how it fails."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from llx.dsl.quantities import Quantity
from llx.dsl.record import replace
from llx.plugins.builtin.encoding.packed import Packed
from llx.plugins.builtin.metric.accuracy import Accuracy
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.classification import Classification
from llx.plugins.builtin.optimizer.adamw import AdamW
from llx.plugins.component import TaskFailed
from llx.plugins.work import Interrupted
from llx.runtime.events import Event, Step, Validated
from llx.runtime.files import sha256
from llx.runtime.fitting import verdict
from llx.runtime.training import train
from llx.runtime.training.build import Stored
from llx.runtime.training.validation import waited
from llx.runtime.training.weights import read_tensors
from small import Project, SmallStage, labelled, sentences, small_classification, small_job, small_model


def nothing(event: Event) -> None:
    pass


def digest(root: Path, which: str = "last", out: str = "out") -> str:
    return sha256(root / out / which / "model.safetensors")


def test_a_language_model_learns_and_its_checkpoints_hold_all_that_belongs_to_them(tmp_path: Path) -> None:
    project, job = small_job(tmp_path)
    events: list[Event] = []
    facts = train(job, project.work, events.append)
    first, last = facts["curve"][0], facts["curve"][-1]
    assert last[2] < first[2] - 0.5
    assert facts["loss"] == min(line[2] for line in facts["curve"])
    assert facts["steps"] == 30
    assert facts["parameters"] == facts["trained_parameters"] == small_model().parameters(job_vocabulary(project))
    assert facts["stopped"] == "budget"
    assert json.loads(json.dumps(facts)) == facts
    for which in ("best", "last"):
        assert sorted(p.name for p in (tmp_path / "out" / which).iterdir()) == [
            "facts.json",
            "model.safetensors",
            "tokenizer.json",
        ]
        stored = Stored.open(tmp_path / "out" / which)
        assert stored.facts["objective"] == "causal_lm"
        assert stored.facts["roles"] == {"end": 0, "mask": 1, "pad": 2}
        assert not any(name.startswith("head.") for name in stored.weights), "a tied head's weights are the body's"
    steps = [event for event in events if isinstance(event, Step)]
    assert {event.step for event in steps} >= {10, 20, 30}
    assert all(event.fingerprint == "abc" and math.isfinite(event.figures["gradient_norm"]) for event in steps)
    validated = [event for event in events if isinstance(event, Validated)]
    assert [event.step for event in validated] == [5, 10, 15, 20, 25, 30]
    assert validated[0].best


def job_vocabulary(project: Project) -> int:
    return int(project.work.input(project.tokenizer).facts["vocab_size"])


def test_the_same_job_gives_the_same_bits_whatever_else_is_drawn(tmp_path: Path) -> None:
    results = []
    for name, changed in (("a", {}), ("b", {"save": Quantity(4, "steps")}), ("c", {"micro_batch": 16})):
        torch.manual_seed(len(results))
        (tmp_path / name).mkdir()
        project, job = small_job(tmp_path / name, **changed)
        facts = train(job, project.work, nothing)
        results.append((digest(tmp_path / name), facts["curve"], facts["loss"]))
    assert results[0] == results[1] == results[2]


def test_another_seed_is_another_training(tmp_path: Path) -> None:
    digests = set()
    for seed in (3, 4):
        (tmp_path / str(seed)).mkdir()
        project, job = small_job(tmp_path / str(seed), budget=[Quantity(2, "steps")])
        project.work.settings = {"seed": seed, "device": "cpu"}
        train(job, project.work, nothing)
        digests.add(digest(tmp_path / str(seed)))
    assert len(digests) == 2


@pytest.mark.parametrize("make", [small_job, small_classification])
def test_an_interrupted_training_goes_on_to_the_same_bits(tmp_path: Path, make: Any) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    project, job = make(tmp_path / "whole", patience=3)
    whole = train(job, project.work, nothing)
    project, job = make(tmp_path / "parts", patience=3)
    work = project.work
    interruptions = 0
    while True:
        work.fresh()
        work.polls, work.stop_after = 0, 7
        try:
            facts = train(job, work, nothing)
        except Interrupted:
            interruptions += 1
            continue
        break
    assert interruptions >= 2
    assert facts == whole
    assert work.progress.said().count("training.resumed") == interruptions
    for which in ("best", "last"):
        assert digest(tmp_path / "whole", which) == digest(tmp_path / "parts", which)


def test_a_validation_that_was_interrupted_is_made_before_the_next_step(tmp_path: Path) -> None:
    results = []
    for name, stop_after in (("whole", None), ("stopped", 7)):
        (tmp_path / name).mkdir()
        project, job = small_job(tmp_path / name, budget=[Quantity(12, "steps")])
        # Five steps ask once each; the validation after them asks between its batches.
        project.work.stop_after = stop_after
        if stop_after:
            with pytest.raises(Interrupted):
                train(job, project.work, nothing)
            saved = json.loads(next((tmp_path / name).glob("partial/checkpoints/step-*/state.json")).read_text())
            assert saved["curve"] == []
            project.work.stop_after = None
            project.work.fresh()
        results.append((train(job, project.work, nothing), digest(tmp_path / name, "best")))
    assert results[0] == results[1]


@pytest.mark.parametrize("settings", [{"precision": "bf16"}, {"deterministic": True}])
def test_precision_and_determinism_are_settings(tmp_path: Path, settings: dict[str, Any]) -> None:
    project, job = small_job(tmp_path)
    project.work.settings = {"seed": 3, "device": "cpu", **settings}
    facts = train(job, project.work, nothing)
    assert facts["curve"][-1][2] < facts["curve"][0][2] - 0.3
    assert not torch.are_deterministic_algorithms_enabled()
    weights = read_tensors(tmp_path / "out/last/model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32}


@pytest.mark.slow
def test_a_compiled_body_keeps_its_names(tmp_path: Path) -> None:
    project, job = small_job(tmp_path, budget=[Quantity(4, "steps")])
    train(replace(job, compile=True), project.work, nothing)
    assert all(
        name.startswith("body.") and "_orig" not in name
        for name in read_tensors(tmp_path / "out/last/model.safetensors")
    )


def test_a_device_that_is_not_there_is_told(tmp_path: Path) -> None:
    project, job = small_job(tmp_path)
    project.work.settings = {"seed": 3, "device": "cuda:77"}
    with pytest.raises(TaskFailed, match="L0805"):
        train(job, project.work, nothing)


def test_patience_waits_for_what_is_better_by_enough() -> None:
    assert waited([3.0, 2.0, 1.99, 1.98, 1.5], 0.0) == 0
    assert waited([3.0, 2.0, 1.99, 1.98], 0.1) == 2
    assert waited([3.0, 2.0, 1.96, 1.92, 1.88], 0.1) == 0, "small steps add up"
    assert waited([None, None, 2.0, None], 0.0) == 1
    assert waited([], 0.0) == 0


def test_a_least_change_stops_earlier(tmp_path: Path) -> None:
    stops = []
    for name, least in (("any", 0.0), ("large", 10.0)):
        (tmp_path / name).mkdir()
        project, job = small_job(tmp_path / name, patience=2, min_change=least)
        facts = train(job, project.work, nothing)
        stops.append((facts["stopped"], facts["steps"], facts["best_step"]))
    assert stops == [("budget", 30, 30), ("patience", 15, 15)]


def test_an_opening_gap_is_told_of_while_it_runs(tmp_path: Path) -> None:
    """Forty rows, learned by heart."""
    project, model, objective = Project(tmp_path), small_model(dropout=0.0), CausalLM()
    texts = sentences(60)
    data = project.data("data", {"train": {"text": texts[:20]}, "validation": {"text": texts[20:]}})
    tokens = project.tokens("tokens", data, objective, model)
    changed = {"budget": [Quantity(150, "steps")], "optimizer": AdamW(lr=0.01)}
    facts = train(project.job(tokens, objective, model, **changed), project.work, nothing)
    [step] = facts["overfits_from"]
    [values] = [values for key, values in project.work.progress.notes if key == "fitting.warning"]
    assert str(values["opening"].values["step"]) == str(step)  # type: ignore[attr-defined]
    assert step > facts["best_step"]
    assert verdict(facts["curve"]).word == "overfits"


def test_patience_stops_and_best_is_the_one_that_selects(tmp_path: Path) -> None:
    project, job = small_classification(
        tmp_path,
        select=Accuracy(),
        patience=2,
        validate=Quantity(2, "steps"),
        budget=[Quantity(200, "steps")],
        optimizer=AdamW(lr=0.01),
    )
    facts = train(job, project.work, nothing)
    assert facts["stopped"] == "patience"
    assert facts["steps"] < 200
    values = [line[3] for line in facts["curve"]]
    assert facts["best_value"] == max(values)
    assert facts["best_step"] == facts["curve"][values.index(max(values))][0]
    assert facts["steps"] == facts["best_step"] + 4
    assert digest(tmp_path, "best") != digest(tmp_path, "last")


def test_without_validation_the_best_is_the_last(tmp_path: Path) -> None:
    project = Project(tmp_path)
    data = project.data("data", {"rows": {"text": sentences(100)}})
    tokens = project.tokens("tokens", data, CausalLM(), small_model())
    job = project.job(tokens, CausalLM(), small_model(), budget=[Quantity(1, "epochs")])
    facts = train(job, project.work, nothing)
    assert facts["loss"] is None
    assert facts["curve"] == []
    assert facts["epochs"] == 1
    assert digest(tmp_path, "best") == digest(tmp_path, "last")


def test_a_budget_of_time_ends(tmp_path: Path) -> None:
    project, job = small_job(tmp_path, budget=[Quantity(0.3, "time")], validate=Quantity(1000, "steps"))
    facts = train(job, project.work, nothing)
    assert 0 < facts["steps"] < 1000
    assert facts["curve"][-1][0] == facts["steps"], "at the end there is always a validation"


class Broken(CausalLM):
    """Gives a loss that is not a number at the fourth step."""

    name = "broken"

    def prepare(self, batch: Any, random: Any, facts: Any) -> Any:
        return super().prepare(batch, random, facts) | {"poison": batch["tokens"][:, 0] * 0 + int(random.integers(6))}

    def loss(self, network: Any, batch: Any) -> Any:
        loss, parts = super().loss(network, batch)
        return (loss * float("nan") if int(batch["poison"][0]) == 0 else loss), parts


@pytest.mark.parametrize("save", [Quantity(1, "steps"), None])
def test_a_loss_that_is_not_finite_stops_before_the_weights_change(tmp_path: Path, save: Quantity | None) -> None:
    project, job = small_job(tmp_path, save=save)
    with pytest.raises(TaskFailed) as caught:
        train(replace(job, objective=Broken(), validate=Quantity(1000, "steps")), project.work, nothing)
    assert caught.value.code == "L0801"
    step = int(str(caught.value.values["step"]))
    assert step > 1, "the seed of this test lets some steps pass"
    folders = sorted((tmp_path / "partial" / "checkpoints").glob("step-*"))
    assert folders[-1].name == f"step-{step - 1:08d}"
    assert all(tensor.isfinite().all() for tensor in read_tensors(folders[-1] / "model.safetensors").values())


def test_a_full_disk_is_told_and_keeps_what_was_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, job = small_job(tmp_path, save=Quantity(5, "steps"))
    free = iter([2**40] * 4)
    monkeypatch.setattr("llx.runtime.training.checkpoint.free_bytes", lambda path: next(free, 1000))
    with pytest.raises(TaskFailed) as caught:
        train(job, project.work, nothing)
    assert caught.value.code == "L0803"
    assert [path.name for path in (tmp_path / "partial" / "checkpoints").glob("step-*")] == ["step-00000005"]
    monkeypatch.undo()
    project.work.fresh()
    assert train(job, project.work, nothing)["steps"] == 30
    assert "training.resumed" in project.work.progress.said()


def test_no_space_at_the_start_is_told_before_the_first_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, job = small_job(tmp_path)
    monkeypatch.setattr("llx.runtime.training.checkpoint.free_bytes", lambda path: 1000)
    with pytest.raises(TaskFailed, match="L0803"):
        train(job, project.work, nothing)


@pytest.mark.parametrize(
    "error", [RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), MemoryError()]
)
def test_too_little_memory_is_told_with_what_to_lower(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    project, job = small_job(tmp_path)

    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(CausalLM, "loss", fail)
    with pytest.raises(TaskFailed) as caught:
        train(job, project.work, nothing)
    assert (caught.value.code, caught.value.field) == ("L0804", "micro_batch")


def test_with_too_little_memory_fewer_rows_go_through_at_once_and_the_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, job = small_job(tmp_path)
    job = replace(job, model=small_model(dropout=0.0))
    whole = train(job, project.work, nothing)
    assert whole["micro_batch"] > 4
    loss = CausalLM.loss
    asked: list[int] = []

    def limited(objective: CausalLM, network: Any, batch: Any) -> Any:
        rows = len(batch["tokens"])
        if network.training:
            asked.append(rows)
        if network.training and rows > 4 and len(asked) > 10:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return loss(objective, network, batch)

    monkeypatch.setattr(CausalLM, "loss", limited)
    project.work.fresh()
    facts = train(job, project.work, nothing)
    assert (facts["micro_batch"], facts["steps"]) == (4, 30)
    notes = [values for key, values in project.work.progress.notes if key == "training.less_at_once"]
    assert notes == [
        {"step": 11, "old": 15, "new": 8, "rows": 15},
        {"step": 11, "old": 8, "new": 4, "rows": 15},
    ]
    assert asked[10:16] == [15, 8, 4, 4, 4, 3]
    assert facts["last_loss"] == pytest.approx(whole["last_loss"], abs=1e-4)


def test_an_error_in_the_loader_reaches_the_one_who_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, job = small_job(tmp_path)

    def fail(*_: Any) -> None:
        raise ZeroDivisionError("in prepare")

    monkeypatch.setattr(CausalLM, "prepare", fail)
    with pytest.raises(ZeroDivisionError, match="in prepare"):
        train(job, project.work, nothing)


def finetuned(project: Project, objective: Any, model: Any, **changed: Any) -> tuple[Any, Any]:
    """Pre-train, and make a job that goes on from it."""
    texts = sentences(120)
    data = project.data("lm", {"train": {"text": texts}, "validation": {"text": texts[:20]}})
    tokens = project.tokens("lm_tokens", data, CausalLM(), small_model())
    job = project.job(tokens, CausalLM(), small_model(), budget=[Quantity(5, "steps")])
    train(job, project.work, nothing)
    (project.root / "out").rename(project.root / "pretrained")
    project.work.partial = project.root / "partial2"
    project.work.fresh()
    stage = SmallStage(model=small_model(), objective=CausalLM(), tokenizer=project.tokenizer)
    project.work.store(stage, project.root / "pretrained", {})
    labels = labelled(texts)
    splits = {"train": {"text": texts, "label": labels}, "validation": {"text": texts, "label": labels}}
    next_tokens = project.tokens("next_tokens", project.data("labelled", splits), objective, model)
    return stage, project.job(next_tokens, objective, model, initial=stage.output("best"), **changed)


def test_finetuning_starts_from_the_body_and_a_fresh_head(tmp_path: Path) -> None:
    project = Project(tmp_path)
    _, job = finetuned(project, Classification(), small_model(), budget=[Quantity(1, "steps")])
    job = replace(job, optimizer=AdamW(lr=1e-30))
    facts = train(job, project.work, nothing)
    assert facts["head"] == "fresh"
    assert "training.head.fresh" in project.work.progress.said()
    before, after = Stored.open(tmp_path / "pretrained/best"), Stored.open(tmp_path / "out/last")
    for name, tensor in before.weights.items():
        torch.testing.assert_close(after.weights[name], tensor)
    assert after.facts["labels"] == ["animal", "thing"]


def test_another_models_weights_are_refused(tmp_path: Path) -> None:
    project = Project(tmp_path)
    wide = small_model().model_copy(update={"hidden_size": 64})
    _, job = finetuned(project, Classification(), wide)
    with pytest.raises(TaskFailed) as caught:
        train(job, project.work, nothing)
    assert caught.value.code == "L0802"
    assert "shape" in str(caught.value.values["reason"])


def test_packed_rows_are_counted_without_the_token_that_they_share() -> None:
    import numpy as np

    segments = np.array([1, 1, 1, 2, 2])
    assert Packed(length=5, overlap=1).tokens({"tokens": segments, "segments": segments}) == 4
