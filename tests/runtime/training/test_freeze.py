"""Parts of a network that aren't trained, layers that join from the top, and heads that are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from llx.dsl.quantities import Quantity
from llx.dsl.record import replace
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.classification import Classification
from llx.plugins.builtin.objective.prefix_lm import PrefixLM
from llx.plugins.builtin.optimizer.adamw import AdamW
from llx.plugins.component import TaskFailed
from llx.plugins.models import Model
from llx.plugins.nn.network import Network
from llx.plugins.values import Objective
from llx.runtime.training import train
from llx.runtime.training.build import Stored
from llx.runtime.training.thaw import Thaw
from llx.runtime.training.weights import read_tensors
from small import Project, SmallStage, labelled, sentences, small_classification, small_job, small_model


def went_on(project: Project, first: Objective, then: Objective, model: Model, **changed: Any) -> Any:
    """Train by one objective, and make a job that goes on by another."""
    texts = sentences(120)
    columns = {"text": texts, "label": labelled(texts)}
    data = project.data("data", {"train": columns, "validation": columns})
    job = project.job(project.tokens("one", data, first, model), first, model, budget=[Quantity(3, "steps")])
    train(job, project.work, lambda event: None)
    (project.root / "out").rename(project.root / "first")
    project.work.partial = project.root / "partial2"
    project.work.fresh()
    stage = SmallStage(model=model, objective=first, tokenizer=project.tokenizer)
    project.work.store(stage, project.root / "first", {})
    return project.job(project.tokens("two", data, then, model), then, model, initial=stage.output("last"), **changed)


def test_a_linear_probe_trains_the_head_alone(tmp_path: Path) -> None:
    project = Project(tmp_path)
    job = went_on(project, CausalLM(), Classification(), small_model(), freeze=["body"], budget=[Quantity(40, "steps")])
    facts = train(replace(job, optimizer=AdamW(lr=0.02, weight_decay=0.5)), project.work, lambda event: None)
    assert facts["trained_parameters"] == 2 * 32 < facts["parameters"]
    before, after = Stored.open(tmp_path / "first/last").weights, Stored.open(tmp_path / "out/last").weights
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items()), "neither gradient nor decay"
    assert facts["last_loss"] < facts["curve"][0][2]


def test_what_was_loaded_made_anew_and_left_is_told(tmp_path: Path) -> None:
    untied = small_model().model_copy(update={"tied_embeddings": False})
    project = Project(tmp_path)
    job = went_on(project, CausalLM(), Classification(), untied, budget=[Quantity(1, "steps")])
    facts = train(job, project.work, lambda event: None)
    body = [name for name in Stored.open(tmp_path / "first/last").weights if name.startswith("body.")]
    assert facts["weights"] == {"loaded": len(body), "fresh": ["head.linear.weight"], "left": ["head.weight"]}
    notes = dict(project.work.progress.notes)
    assert notes["training.weights.fresh"]["names"] == ["head.linear.weight"]
    assert notes["training.weights.left"]["names"] == ["head.weight"]


def test_a_vocabulary_head_is_kept_between_objectives_that_predict_tokens(tmp_path: Path) -> None:
    untied = small_model(dropout=0).model_copy(update={"tied_embeddings": False})
    project = Project(tmp_path)
    job = went_on(project, CausalLM(), PrefixLM(), untied, budget=[Quantity(1, "steps")])
    facts = train(replace(job, optimizer=AdamW(lr=1e-30)), project.work, lambda event: None)
    assert facts["head"] == "loaded"
    assert facts["weights"]["fresh"] == facts["weights"]["left"] == []
    before, after = Stored.open(tmp_path / "first/last").weights, Stored.open(tmp_path / "out/last").weights
    torch.testing.assert_close(after["head.weight"], before["head.weight"])


def test_a_labels_head_is_kept_for_the_same_labels_alone(tmp_path: Path) -> None:
    objective = Classification()
    given = {"labels": ["a", "b"], "vocab_size": 9, "roles": {"end": 0}}
    assert objective.tells_apart(given) == objective.tells_apart(given | {"vocab_size": 10, "step": 3, "format": 1})
    assert objective.tells_apart(given) != objective.tells_apart(given | {"labels": ["b", "a"]})
    assert CausalLM().tells_apart(given) == PrefixLM().tells_apart(given) != objective.tells_apart(given)


def test_layers_join_from_the_top(tmp_path: Path) -> None:
    project, job = small_classification(
        tmp_path, unfreeze=Quantity(2, "steps"), budget=[Quantity(8, "steps")], validate=Quantity(8, "steps")
    )
    train(job, project.work, lambda event: None)
    thawed = [v for key, v in project.work.progress.notes if key == "training.thawed"]
    assert [(note["step"], note["depth"]) for note in thawed] == [(3, 2), (5, 1), (7, 0)]


@pytest.mark.parametrize(("steps", "average"), [(2, {}), (4, {"ema": 0.5}), (6, {"swa": 0.5})])
def test_a_layer_that_has_not_joined_is_as_it_was(tmp_path: Path, steps: int, average: dict[str, float]) -> None:
    project, job = small_classification(
        tmp_path / "run", unfreeze=Quantity(2, "steps"), budget=[Quantity(steps, "steps")], **average
    )
    train(replace(job, optimizer=AdamW(lr=0.01, weight_decay=0.5)), project.work, lambda event: None)
    other, start = small_classification(tmp_path / "start", budget=[Quantity(1, "steps")], optimizer=AdamW(lr=1e-30))
    train(start, other.work, lambda event: None)
    first, last = (read_tensors(tmp_path / where / "out/last/model.safetensors") for where in ("start", "run"))
    moved = {name for name in first if not torch.allclose(first[name], last[name], atol=1e-9)}
    prefixes = {2: ("head.", "body.final_norm"), 4: ("body.blocks.1",), 6: ("body.blocks.0",)}
    joined = tuple(prefix for at, each in prefixes.items() if at <= steps for prefix in each)
    assert moved == {name for name in first if name.startswith(joined)}


def test_without_weights_in_its_head_the_top_layer_is_trained_from_the_first_step(tmp_path: Path) -> None:
    model = small_model()
    body = model.body(9)
    network = Network(body, CausalLM().head(model.shape, body, {}))
    assert Thaw(network, 5).at(0) == []
    trained = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    assert trained == {name for name, _ in network.named_parameters() if ".blocks.1." in name or "final_norm" in name}


def test_everything_frozen_is_told_before_the_first_step(tmp_path: Path) -> None:
    project, job = small_job(tmp_path, freeze=["body"])
    with pytest.raises(TaskFailed) as caught:
        train(job, project.work, lambda event: None)
    assert caught.value.code == "L0741"
