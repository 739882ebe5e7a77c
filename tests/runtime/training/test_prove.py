"""Each proof holds of what is right, and fails of a component that is wrong in just that."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.model.encoder import Encoder
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.classification import Classification
from llx.plugins.builtin.objective.extractive_qa import ExtractiveQA
from llx.plugins.builtin.objective.instruction import Instruction
from llx.plugins.builtin.objective.masked_lm import MaskedLM
from llx.plugins.builtin.objective.mixed import Mixed
from llx.plugins.builtin.objective.sequence_to_sequence import SequenceToSequence
from llx.plugins.component import TaskFailed
from llx.plugins.models import Model
from llx.plugins.smoke import Smoke
from llx.plugins.values import IGNORED, Batch, Objective, TensorBatch
from llx.runtime.training.prove.case import Case
from llx.runtime.training.prove.proofs import PROOFS
from llx.runtime.training.prove.prove import prove
from llx.runtime.training.setup import Setup
from llx.runtime.training.train import train
from small import Project, labelled, sentences
from torch import Tensor, nn

SIZES: dict[str, Any] = {"layers": 2, "hidden_size": 32, "heads": 2, "context_length": 32, "dropout": 0.1}


def setup_of(root: Path, objective: Objective, model: Model) -> Setup:
    project, texts = Project(root), sentences(60)
    columns = {"text": texts, "label": labelled(texts), "prompt": texts, "response": labelled(texts), "context": texts}
    columns |= {"source": columns["prompt"], "target": columns["response"]}
    columns["question"] = [text[:3] for text in texts]
    columns["answers"] = [f'[{{"text": "{text[:2]}", "answer_start": 0}}]' if "cat" in text else "[]" for text in texts]
    data = project.data("data", {"train": columns})
    return Setup(project.job(project.tokens("tokens", data, objective, model), objective, model), project.work)


def failing(setup: Setup) -> tuple[str, TaskFailed]:
    with pytest.raises(TaskFailed) as caught:
        prove(setup)
    return caught.value.code, caught.value


@pytest.mark.parametrize("positions", ["learned", "rope"])
@pytest.mark.parametrize(
    ("objective", "model"),
    [
        (CausalLM(), Decoder),
        (MaskedLM(), Encoder),
        (MaskedLM(whole_word=True), Encoder),
        (Classification(), Decoder),
        (Classification(), Encoder),
        (ExtractiveQA(), Decoder),
        (ExtractiveQA(stride=4), Encoder),
        (Mixed(parts={"causal": CausalLM(), "masked": MaskedLM()}, shares={"causal": 0.7, "masked": 0.3}), Decoder),
        (Instruction(form="pairs", template="plain"), Decoder),
        (SequenceToSequence(prefix=True), Decoder),
    ],
)
def test_all_proofs_hold_of_the_built_in_components(
    tmp_path: Path, objective: Objective, model: type[Model], positions: str
) -> None:
    setup = setup_of(tmp_path, objective, model(**SIZES, positions=positions))
    before = {name: value.clone() for name, value in setup.network.state_dict().items()}
    assert prove(setup) == dict.fromkeys(PROOFS, True)
    assert all(torch.equal(value, before[name]) for name, value in setup.network.state_dict().items())
    assert all(parameter.grad is None for parameter in setup.network.parameters())
    assert setup.network.training


def test_a_smoke_run_proves_before_it_trains_and_says_so_in_its_facts(tmp_path: Path) -> None:
    project, texts = Project(tmp_path), sentences(60)
    model, objective = Decoder(**SIZES), CausalLM()
    data = project.data("data", {"train": {"text": texts}})
    job = project.job(project.tokens("tokens", data, objective, model), objective, model)
    assert "proofs" not in train(job, project.work, lambda event: None)
    project.work.fresh()
    project.work.smoke = Smoke()  # type: ignore[assignment]
    assert train(job, project.work, lambda event: None)["proofs"] == dict.fromkeys(PROOFS, True)


# Models that are wrong


class Wrong(Decoder):
    """A decoder whose body another one wraps."""

    name: ClassVar[str] = "wrong"
    wrapper: ClassVar[type[Body]]

    def body(self, vocab_size: int) -> nn.Module:
        return self.wrapper(super().body(vocab_size))


class Body(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.embedding, self.hidden_size = inner.embedding, inner.hidden_size


class OneDocument(Body):
    """Takes a row for one document, as if there were no segments."""

    def forward(self, tokens: Tensor, segments: Tensor | None = None) -> Tensor:
        return self.inner(tokens, None)


class SeesAhead(Body):
    """Adds the mean of the row's document to each token."""

    def forward(self, tokens: Tensor, segments: Tensor | None = None) -> Tensor:
        states = self.inner(tokens, segments)
        marks = torch.ones_like(tokens) if segments is None else segments
        same = (marks.unsqueeze(2) == marks.unsqueeze(1)).to(states.dtype)
        return states + same / same.sum(-1, keepdim=True) @ states


NUMBER = itertools.count()


class Unseeded(Body):
    """Starts otherwise each time."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__(inner)
        with torch.no_grad():
            self.embedding.weight[0, 0] = next(NUMBER)

    def forward(self, tokens: Tensor, segments: Tensor | None = None) -> Tensor:
        return self.inner(tokens, segments)


@pytest.mark.parametrize(
    ("body", "code", "tensor"),
    [
        (OneDocument, "L0881", "hidden states"),
        (SeesAhead, "L0882", "hidden states"),
        (Unseeded, "L0880", "body.inner.embedding.weight"),
    ],
)
def test_a_model_that_breaks_an_invariant_is_named_with_its_tensor(
    tmp_path: Path, body: type[Body], code: str, tensor: str
) -> None:
    class Model(Wrong):
        wrapper = body

    setup = setup_of(tmp_path, CausalLM(), Model(**SIZES))
    found, error = failing(setup)
    assert found == code
    assert error.values["tensor"] == tensor
    if code != "L0880":
        assert error.values["component"] == "model `wrong`"
        assert error.component is setup.job.model


# Objectives that are wrong


class TrainsOnPadding(CausalLM):
    """Predicts the end token in the padding."""

    name: ClassVar[str] = "on_padding"

    def prepare(self, batch: Batch, random: Any, facts: Any) -> Batch:
        prepared = super().prepare(batch, random, facts)
        prepared["targets"][prepared["segments"] == 0] = 0
        return prepared


class ForgetsSome(CausalLM):
    """Leaves the first targets of each row out of its loss."""

    name: ClassVar[str] = "forgets"

    def loss(self, network: Any, batch: TensorBatch) -> tuple[Tensor, dict[str, Tensor]]:
        targets = batch["targets"].clone()
        targets[:, :3] = IGNORED
        return super().loss(network, {**batch, "targets": targets})


class Averages(CausalLM):
    """Gives a mean in place of a sum."""

    name: ClassVar[str] = "averages"

    def loss(self, network: Any, batch: TensorBatch) -> tuple[Tensor, dict[str, Tensor]]:
        loss, shown = super().loss(network, batch)
        return loss / batch["targets"].ne(IGNORED).sum(), shown


class LooksAtPadding(Classification):
    """Adds to the loss what the padding holds."""

    name: ClassVar[str] = "looks"

    def loss(self, network: Any, batch: TensorBatch) -> tuple[Tensor, dict[str, Tensor]]:
        loss, shown = super().loss(network, batch)
        return loss + network.body.embedding(batch["tokens"]).square().sum(), shown


@pytest.mark.parametrize(
    ("objective", "code"),
    [
        (TrainsOnPadding(), "L0883"),
        (ForgetsSome(), "L0884.missing"),
        (Averages(), "L0885"),
        (LooksAtPadding(), "L0883"),
    ],
)
def test_an_objective_that_breaks_an_invariant_is_named(tmp_path: Path, objective: Objective, code: str) -> None:
    setup = setup_of(tmp_path, objective, Decoder(**SIZES))
    found, error = failing(setup)
    assert found == code
    assert error.values["component"] == f"objective `{objective.name}`"


def test_what_also_fails_is_told(tmp_path: Path) -> None:
    setup = setup_of(tmp_path, TrainsOnPadding(), Decoder(**SIZES))
    failing(setup)
    assert ("training.proof.also", {"proof": "targets"}) in setup.work.progress.notes


def test_the_case_has_rows_enough_where_there_is_one(tmp_path: Path) -> None:
    project = Project(tmp_path)
    data = project.data("data", {"train": {"text": ["red sun"]}})
    model, objective = Decoder(**SIZES), CausalLM()
    setup = Setup(project.job(project.tokens("tokens", data, objective, model), objective, model), project.work)
    assert len(Case.of(setup).rows["tokens"]) == 3
    assert prove(setup) == dict.fromkeys(PROOFS, True)


def test_every_part_of_a_mixed_objective_is_proved(tmp_path: Path) -> None:
    for number, (first, second) in enumerate([(CausalLM(), ForgetsSome()), (ForgetsSome(), CausalLM())]):
        mixed = Mixed(parts={"first": first, "second": second}, shares={"first": 0.5, "second": 0.5})
        code, error = failing(setup_of(tmp_path / str(number), mixed, Decoder(**SIZES)))
        assert (code, error.component) == ("L0884.missing", mixed)
