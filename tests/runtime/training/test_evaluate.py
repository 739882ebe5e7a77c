"""Evaluation and generation from stored checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from llx.dsl.quantities import Quantity
from llx.dsl.record import replace
from llx.plugins.builtin.metric.accuracy import Accuracy
from llx.plugins.builtin.metric.bits_per_byte import BitsPerByte
from llx.plugins.builtin.metric.perplexity import Perplexity
from llx.plugins.builtin.metric.unigram import entropy
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.classification import Classification
from llx.plugins.component import TaskFailed
from llx.plugins.work import EvaluationJob
from llx.runtime.training import evaluate, train
from llx.runtime.training.build import build
from llx.runtime.training.learner import Learner
from llx.runtime.training.rows import RowByRow
from small import Project, SmallStage, labelled, sentences, small_classification, small_job, small_model

FACTS = {"vocab_size": 30, "labels": ["animal", "thing"], "roles": {"end": 0, "pad": 2}}


def trained(
    tmp_path: Path, make: Any, objective: Any, **changed: Any
) -> tuple[Project, SmallStage, Any, dict[str, Any]]:
    project, job = make(tmp_path, **changed)
    facts = train(job, project.work, lambda event: None)
    (tmp_path / "out").rename(tmp_path / "stage")
    project.work.fresh()
    stage = SmallStage(model=small_model(), objective=objective, tokenizer=project.tokenizer)
    project.work.store(stage, tmp_path / "stage", facts)
    return project, stage, job.tokens, facts


def test_a_language_model_is_measured_as_it_was_while_it_trained(tmp_path: Path) -> None:
    project, stage, _, facts = trained(tmp_path, small_job, CausalLM())
    data = project.data("held_out", {"rows": {"text": sentences(300)[250:]}})
    tokens = project.tokens("held_out_tokens", data, CausalLM(), small_model())
    metrics = [Perplexity(), BitsPerByte()]
    job = EvaluationJob(stage.output("best"), CausalLM(), small_model(), tokens, data, metrics)
    outcome = evaluate(job, project.work)
    loss = outcome.sums["loss"] / outcome.sums["count"]
    assert loss == pytest.approx(facts["loss"], rel=1e-5)
    assert outcome.targets is not None
    assert sum(outcome.targets.values()) == outcome.sums["count"]
    assert Perplexity().compute(outcome) == pytest.approx(torch.tensor(loss).exp().item(), rel=1e-5)
    assert facts["trivial_loss"] == pytest.approx(entropy(outcome.targets)), "the same rows, by their targets alone"
    assert outcome.by_row["loss"].sum() == pytest.approx(outcome.sums["loss"])
    assert outcome.by_row["count"].sum() == outcome.sums["count"]
    bits = loss * outcome.sums["count"] / outcome.facts["bytes"] / torch.tensor(2.0).log().item()
    assert BitsPerByte().compute(outcome) == pytest.approx(bits, rel=1e-5)
    again = evaluate(replace(job, batch=3), project.work)
    assert again.sums["loss"] == pytest.approx(outcome.sums["loss"], rel=1e-5)


def test_a_classifier_is_measured_by_its_records(tmp_path: Path) -> None:
    project, stage, training, _ = trained(
        tmp_path, small_classification, Classification(), budget=[Quantity(80, "steps")]
    )
    texts = sentences(60, seed=9)
    data = project.data("test", {"rows": {"text": texts, "label": labelled(texts)}})
    tokens = project.tokens("test_tokens", data, Classification(), small_model(), like=training.default())
    job = EvaluationJob(stage.output("best"), Classification(), small_model(), tokens, data, [Accuracy()], batch=7)
    outcome = evaluate(job, project.work)
    assert [record["record"] for record in outcome.records] == list(range(60))
    names = ["animal", "thing"]
    assert [names[record["label"]] for record in outcome.records] == labelled(texts)
    accuracy = sum(record["label"] == record["prediction"] for record in outcome.records) / 60
    assert Accuracy().compute(outcome) == accuracy
    assert outcome.sums["accuracy"] / 60 == pytest.approx(accuracy)
    assert accuracy > (Accuracy().reference(outcome) or 0)
    assert outcome.facts["train"]["labels"] == names


def test_rows_have_the_losses_that_they_have_alone_and_the_body_reads_them_once(tmp_path: Path) -> None:
    _, job = small_classification(tmp_path)
    network = build(job.model, job.objective, FACTS, seed=0)
    network.eval()
    tokens = torch.randint(3, 30, (5, 12))
    segments = torch.ones(5, 12, dtype=torch.int64)
    segments[1, 7:] = 0
    batch = {"tokens": tokens, "segments": segments, "label": torch.tensor([0, 1, 1, 0, 1])}
    calls = []
    network.body.register_forward_hook(lambda *given: calls.append(given))
    with torch.no_grad():
        read = RowByRow(network, batch)
        found, guesses = read.losses(job.objective), job.objective.predict(read, batch)
        assert len(calls) == 1
        whole, _, again = Learner(network, job.objective)(batch, predict=True)
        assert len(calls) == 2
        assert whole.item() == pytest.approx(found["loss"].sum().item(), rel=1e-5)
        assert again == guesses
        for row in range(5):
            loss, parts = job.objective.loss(network, {name: each[row : row + 1] for name, each in batch.items()})
            assert found["loss"][row] == pytest.approx(loss.item(), rel=1e-5)
            assert found["accuracy"][row] == parts["accuracy"]


class Renamed(Classification):
    """An objective whose body reads tensors that it made itself."""

    def loss(self, network: Any, batch: Any) -> Any:
        return super().loss(network, {**batch, "tokens": batch["tokens"] + 0})


def test_an_objective_that_hands_over_tensors_of_its_own_is_measured_row_by_row(tmp_path: Path) -> None:
    _, job = small_classification(tmp_path)
    network = build(job.model, job.objective, FACTS, seed=0)
    network.eval()
    batch = {"tokens": torch.randint(3, 30, (4, 9)), "label": torch.tensor([0, 1, 1, 0])}
    with torch.no_grad():
        own = RowByRow(network, batch).losses(Renamed())["loss"]
        assert torch.allclose(own, RowByRow(network, batch).losses(job.objective)["loss"], rtol=1e-5)


def test_a_checkpoint_without_the_objectives_head_is_refused(tmp_path: Path) -> None:
    project, stage, _, _ = trained(tmp_path, small_job, CausalLM(), budget=[Quantity(1, "steps")])
    texts = sentences(10)
    data = project.data("test", {"rows": {"text": texts, "label": labelled(texts)}})
    training = project.tokens("labelled", data, Classification(), small_model())
    job = EvaluationJob(stage.output("best"), Classification(), small_model(), training, data, [Accuracy()])
    stored = tmp_path / "stage/best/facts.json"
    stored.write_text(stored.read_text().replace('"vocab_size"', '"labels": ["animal", "thing"], "vocab_size"'))
    with pytest.raises(TaskFailed, match="L0806"):
        evaluate(job, project.work)
