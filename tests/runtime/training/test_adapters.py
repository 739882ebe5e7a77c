"""Stages with adapters: what is trained, what is stored, what comes after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from llx.dsl.quantities import Quantity
from llx.plugins.adapters import MARK, Adapter
from llx.plugins.builtin.adapter.bottleneck import Bottleneck
from llx.plugins.builtin.adapter.dora import Dora
from llx.plugins.builtin.adapter.lora import Lora
from llx.plugins.builtin.metric.accuracy import Accuracy
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.classification import Classification
from llx.plugins.builtin.optimizer.adamw import AdamW
from llx.plugins.work import EvaluationJob, Interrupted, Job
from llx.runtime.training import evaluate, train
from llx.runtime.training.build import Stored, stored_network
from llx.runtime.training.prove.prove import prove
from llx.runtime.training.setup import Setup
from llx.runtime.training.weights import read_tensors
from small import Project, SmallStage, labelled, sentences, small_model

ADAPTERS: list[Adapter] = [Lora(rank=4, dropout=0.1), Dora(rank=2), Bottleneck(size=8)]
adapters = pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda one: one.name)


class Adapted(SmallStage):
    """A stage with an adapter that a test trained."""

    name: ClassVar[str] = "adapted"
    adapter: Adapter | None

    def described_adapter(self) -> Adapter | None:
        return self.adapter


class Lab:
    """A language model that was trained for a few steps, and labelled rows to fine-tune it with."""

    def __init__(self, root: Path) -> None:
        root.mkdir(exist_ok=True)
        self.project, texts = Project(root), sentences(200)
        data = self.project.data("lm", {"train": {"text": texts}, "validation": {"text": texts[:20]}})
        tokens = self.project.tokens("lm_tokens", data, CausalLM(), small_model())
        budget = [Quantity(5, "steps")]
        train(self.project.job(tokens, CausalLM(), small_model(), budget=budget), self.project.work, lambda event: None)
        self.base = self.keep("pretrained", None, CausalLM())
        self.held = {"text": texts[:40], "label": labelled(texts[:40])}
        parts = {"train": {"text": texts, "label": labelled(texts)}, "validation": self.held}
        data = self.project.data("labelled", parts)
        self.tokens = self.project.tokens("tokens", data, Classification(), small_model())

    def keep(self, name: str, adapter: Adapter | None, objective: Any = None) -> Adapted:
        """Keep what was trained last as what a stage put out."""
        project = self.project
        project.work.directory.rename(project.root / name)
        stage = Adapted(
            model=small_model(),
            objective=objective or Classification(),
            tokenizer=project.tokenizer,
            adapter=adapter,
        )
        project.work.store(stage, project.root / name, {})
        project.work.partial = project.root / f"partial after {name}"
        project.work.fresh()
        return stage

    def job(self, source: SmallStage, adapter: Any, **changed: Any) -> Job:
        given: dict[str, Any] = {"budget": [Quantity(12, "steps")], "optimizer": AdamW(lr=0.01)}
        return self.project.job(
            self.tokens,
            Classification(),
            small_model(),
            initial=source.output("last"),
            adapter=adapter,
            initial_adapter=source.described_adapter(),
            **(given | changed),
        )

    def train(self, source: SmallStage, adapter: Any, **changed: Any) -> dict[str, Any]:
        return train(self.job(source, adapter, **changed), self.project.work, lambda event: None)

    def loss(self, stage: SmallStage) -> float:
        """Evaluate the last checkpoint of a stage on the validation rows."""
        data = self.project.data("held", {"rows": self.held})
        like = self.tokens.default()
        tokens = self.project.tokens("held_tokens", data, Classification(), small_model(), like=like)
        job = EvaluationJob(stage.output("last"), Classification(), small_model(), tokens, data, [Accuracy()])
        outcome = evaluate(job, self.project.work)
        return float(outcome.sums["loss"] / outcome.sums["count"])


def interrupted(lab: Lab, adapter: Adapter, **changed: Any) -> dict[str, Any]:
    """Train beside the base, interrupted again and again."""
    work, interruptions = lab.project.work, 0
    while True:
        work.fresh()
        work.polls, work.stop_after = 0, 4
        try:
            facts = lab.train(lab.base, adapter, **changed)
        except Interrupted:
            interruptions += 1
            continue
        assert interruptions >= 2
        return facts


def weights(lab: Lab, name: str) -> dict[str, torch.Tensor]:
    return Stored.open(lab.project.root / name / "last").weights


@adapters
def test_the_adapter_and_a_new_head_are_trained_beside_a_body_that_stays(tmp_path: Path, adapter: Adapter) -> None:
    lab = Lab(tmp_path)
    facts = lab.train(lab.base, adapter, ema=0.5, budget=[Quantity(60, "steps")])
    assert facts["curve"][-1][2] < facts["curve"][0][2] - 0.05, "it learns"
    stage = lab.keep("lean", adapter)
    before, after = weights(lab, "pretrained"), weights(lab, "lean")
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())
    trained = {name: tensor for name, tensor in after.items() if name not in before}
    assert facts["trained_parameters"] == sum(tensor.numel() for tensor in trained.values())
    assert {name.startswith("head.") or MARK in name for name in trained} == {True}
    # What was trained moved: `up` was all zeros at first.
    assert all(tensor.any() for name, tensor in trained.items() if name.endswith(("up", "up.weight")))
    assert lab.loss(stage) == pytest.approx(facts["last_loss"], rel=1e-4)


def test_checkpoints_share_the_file_of_the_base_and_hold_what_was_trained_beside_it(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.train(lab.base, Lora(rank=2))
    base = tmp_path / "pretrained" / "last" / "model.safetensors"
    for which in ("best", "last"):
        folder = tmp_path / "out" / which
        assert (folder / "model.safetensors").samefile(base)
        beside = read_tensors(folder / "adapter.safetensors")
        assert all(name.startswith("head.") or MARK in name for name in beside)
        about = json.loads((folder / "facts.json").read_text())
        assert about["adapter"]["name"] == "llx:lora"
        assert about["trained_head"] is True
    saved = next((tmp_path / "partial after pretrained").rglob("step-*/model.safetensors"), None)
    assert saved is None or read_tensors(saved).keys() == beside.keys(), "nor is the body saved on the way"


@adapters
def test_an_adapter_is_gone_on_with_to_the_bit(tmp_path: Path, adapter: Adapter) -> None:
    lab = Lab(tmp_path)
    first = lab.train(lab.base, adapter)
    stage = lab.keep("lean", adapter)
    further = lab.train(stage, "continue", optimizer=AdamW(lr=1e-30), budget=[Quantity(1, "steps")])
    assert further["head"] == "loaded"
    assert further["trained_parameters"] == first["trained_parameters"], "the head was trained beside it, and is again"
    lab.keep("further", adapter)
    before, after = weights(lab, "lean"), weights(lab, "further")
    assert before.keys() == after.keys()
    for name, tensor in before.items():
        torch.testing.assert_close(after[name], tensor, atol=1e-7, rtol=0)
    assert "training.adapter.continued" in lab.project.work.progress.said()


@pytest.mark.parametrize("adapter", ADAPTERS[:2], ids=lambda one: one.name)
@pytest.mark.parametrize("next_one", [None, Lora(rank=1)], ids=["full", "lora"])
def test_any_other_stage_begins_with_the_adapter_merged(
    tmp_path: Path, adapter: Adapter, next_one: Adapter | None
) -> None:
    lab = Lab(tmp_path)
    lab.train(lab.base, adapter)
    stage = lab.keep("lean", adapter)
    lab.train(stage, next_one, optimizer=AdamW(lr=1e-30, weight_decay=0), budget=[Quantity(1, "steps")])
    assert "training.adapter.merged" in lab.project.work.progress.said()
    following = lab.keep("following", next_one)
    assert lab.loss(following) == pytest.approx(lab.loss(stage), rel=1e-5)
    merged = adapter.merged(weights(lab, "lean"))
    after = weights(lab, "following")
    for name in (name for name in merged if name.startswith("body.")):
        torch.testing.assert_close(after[name], merged[name])
    assert any(MARK in name for name in after) == (next_one is not None)


@adapters
def test_an_interrupted_training_goes_on_to_the_same_bits(tmp_path: Path, adapter: Adapter) -> None:
    whole, parts = Lab(tmp_path / "whole"), Lab(tmp_path / "parts")
    facts = whole.train(whole.base, adapter, ema=0.9)
    assert interrupted(parts, adapter, ema=0.9) == facts
    for which in ("best", "last"):
        one, other = (root / "out" / which / "adapter.safetensors" for root in (tmp_path / "whole", tmp_path / "parts"))
        assert one.read_bytes() == other.read_bytes()


def test_a_head_that_came_with_the_checkpoint_stays(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.train(lab.base, None, budget=[Quantity(3, "steps")])
    stage = lab.keep("classifier", None)
    facts = lab.train(stage, Lora(rank=2))
    assert facts["head"] == "loaded"
    before, after = weights(lab, "classifier"), weights(lab, "out")
    assert torch.equal(before["head.linear.weight"], after["head.linear.weight"])


@adapters
def test_the_proofs_hold_of_an_adapted_network(tmp_path: Path, adapter: Adapter) -> None:
    lab = Lab(tmp_path)
    setup = Setup(lab.job(lab.base, adapter), lab.project.work)
    for name, parameter in setup.network.named_parameters():
        if MARK in name:
            torch.nn.init.normal_(parameter, std=0.1)
    assert set(prove(setup).values()) == {True}


def test_a_stored_adapter_is_merged_where_it_is_opened(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.train(lab.base, Lora(rank=2))
    network, _ = stored_network(small_model(), Classification(), tmp_path / "out" / "last", Lora(rank=2))
    assert network is not None
    assert not any(MARK in name for name, _ in network.named_parameters()), "as fast as without"
    bottleneck = Bottleneck(size=4)
    lab.project.work.partial = tmp_path / "other"
    lab.project.work.fresh()
    lab.train(lab.base, bottleneck)
    network, _ = stored_network(small_model(), Classification(), tmp_path / "out" / "last", bottleneck)
    assert network is not None
    assert any(MARK in name for name, _ in network.named_parameters())


def test_beside_a_base_in_few_bits_an_adapter_learns_nearly_the_same(tmp_path: Path) -> None:
    pytest.importorskip("torchao")
    lab = Lab(tmp_path)
    results = []
    for name, adapter in {
        "full": Lora(rank=4),
        "int8": Lora(rank=4, base="int8"),
        "nf4": Lora(rank=4, base="nf4"),
    }.items():
        results.append(lab.train(lab.base, adapter))
        stage = lab.keep(name, adapter)
        base = tmp_path / "pretrained" / "last" / "model.safetensors"
        assert (tmp_path / name / "last" / "model.safetensors").samefile(base), "stored in full"
        assert lab.loss(stage) == pytest.approx(results[-1]["last_loss"], rel=0.1 if name == "nf4" else 0.01)
    full, int8, nf4 = results
    assert int8["last_loss"] == pytest.approx(full["last_loss"], rel=0.01)
    assert nf4["last_loss"] == pytest.approx(full["last_loss"], rel=0.1)
    assert (int8["parameters"], int8["trained_parameters"]) == (full["parameters"], full["trained_parameters"])


def test_a_training_beside_a_base_in_few_bits_is_resumed_to_the_bit(tmp_path: Path) -> None:
    pytest.importorskip("torchao")
    adapter = Lora(rank=4, base="nf4")
    whole, parts = Lab(tmp_path / "whole"), Lab(tmp_path / "parts")
    assert interrupted(parts, adapter) == whole.train(whole.base, adapter)
    one, other = (tmp_path / name / "out" / "last" / "adapter.safetensors" for name in ("whole", "parts"))
    assert one.read_bytes() == other.read_bytes()
    stage = whole.keep("lean", adapter)
    whole.train(stage, "continue", budget=[Quantity(1, "steps")])
    assert "training.adapter.continued" in whole.project.work.progress.said()
