"""Distillation: the loss against one written by hand, and what stays that of the objective itself."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from llx.dsl.program import Reference
from llx.dsl.types import Artifact
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.model.encoder import Encoder
from llx.plugins.builtin.objective.around import Around
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.classification import Classification
from llx.plugins.builtin.objective.distil import Distil
from llx.plugins.builtin.objective.mixed import Mixed
from llx.plugins.builtin.objective.prefix_lm import PrefixLM
from llx.plugins.component import Place
from llx.plugins.models import Model
from llx.plugins.nn.network import Network
from llx.plugins.tasks import Trained
from llx.plugins.values import IGNORED, Objective

SIZES: dict[str, Any] = {"layers": 1, "hidden_size": 32, "heads": 4, "context_length": 32}
RECORDS = [{"text": "the cat sat on the mat", "label": "good"}, {"text": "the dog lay under the old oak tree", "label": "bad"}]  # fmt: skip


class Taught(Trained):
    """A stage that somebody trained."""

    kind: ClassVar[str] = "stage"
    name: ClassVar[str] = "taught"
    model: Model
    objective: Objective

    def outputs(self) -> dict[str, Artifact]:
        return {"best": Artifact("checkpoint")}

    def described_model(self) -> Model:
        return self.model

    def described_tokenizer(self) -> Reference:
        return self.default()

    def described_objective(self) -> Objective:
        return self.objective


def teacher_of(objective: Objective, model: Model | None = None) -> Reference:
    return Taught(model=model or Decoder(**(SIZES | {"hidden_size": 64})), objective=objective).default()


def network_of(model: Model, objective: Objective, facts: dict[str, Any], seed: int) -> Network:
    torch.manual_seed(seed)
    body = model.body(facts["vocab_size"])
    return Network(body, objective.head(model.shape, body, facts))


def made(inner: Objective, model: Model, rows: Any, together: Any, facts: Any, **fields: Any) -> tuple[Any, Any, Any]:
    """Give a distilling objective, a network with its teacher, and a batch."""
    objective = Distil(teacher=teacher_of(inner), objective=inner, **fields)
    batch = objective.prepare(together(rows(objective.encoding(model.shape), RECORDS)), np.random.default_rng(0), facts)
    network = network_of(model, objective, facts, 0)
    network.frozen = (network_of(teacher_of(inner).task.described_model(), inner, facts, 1).requires_grad_(False),)
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in batch.items()}
    return objective, network, tensors


@pytest.mark.parametrize(("temperature", "alpha"), [(1.0, 1.0), (2.0, 0.5)])
def test_the_loss_is_that_of_the_paper(
    rows: Any, together: Any, facts: dict[str, Any], temperature: float, alpha: float
) -> None:
    inner = CausalLM(label_smoothing=0.1)
    objective, network, batch = made(
        inner, Decoder(**SIZES), rows, together, facts, temperature=temperature, alpha=alpha
    )
    loss, parts = objective.loss(network.train(), batch)
    assert not any(parameter.requires_grad for parameter in network.frozen[0].parameters())
    carried = batch["targets"] != IGNORED
    own, theirs = (
        (net.head(net.hidden(batch)) / temperature).log_softmax(-1)[carried] for net in (network, network.frozen[0])
    )
    soft = F.kl_div(own, theirs, reduction="sum", log_target=True) * temperature**2
    hard = F.cross_entropy(network.head(network.hidden(batch))[carried], batch["targets"][carried], reduction="sum", label_smoothing=0.1)  # fmt: skip
    expected = (1 - alpha) * hard + alpha * soft
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(parts["divergence"], soft.detach())
    torch.testing.assert_close(parts["own_loss"], hard.detach())
    found = torch.autograd.grad(loss, list(network.parameters()))
    wanted = torch.autograd.grad(expected, list(network.parameters()))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


def test_a_classifier_is_taught_too(rows: Any, together: Any, facts: dict[str, Any]) -> None:
    objective, network, batch = made(Classification(), Decoder(**SIZES), rows, together, facts, alpha=0.25)
    loss, _ = objective.loss(network, batch)
    inner = Classification()
    own, theirs = ((inner.logits(net, batch) / 2).log_softmax(-1) for net in (network, network.frozen[0]))
    soft = 4 * F.kl_div(own, theirs, reduction="sum", log_target=True)
    hard = F.cross_entropy(inner.logits(network, batch), batch["label"], reduction="sum")
    torch.testing.assert_close(loss, 0.75 * hard + 0.25 * soft)
    assert objective.gives == ("label",)


def test_what_is_measured_is_the_objective_itself(rows: Any, together: Any, facts: dict[str, Any]) -> None:
    objective, network, batch = made(CausalLM(), Decoder(**SIZES), rows, together, facts)
    network.eval()
    loss = CausalLM().loss(network, batch)[0]
    assert torch.equal(objective.loss(network, batch)[0], loss)
    network.frozen = ()
    assert torch.equal(objective.loss(network.train(), batch)[0], loss)


def test_micro_batches_add_up_and_a_teacher_is_no_part_of_the_module(
    rows: Any, together: Any, facts: dict[str, Any]
) -> None:
    objective, network, batch = made(Classification(), Decoder(**SIZES), rows, together, facts)
    whole = objective.loss(network, batch)[0]
    parts = [
        objective.loss(network, {name: array[row : row + 1] for name, array in batch.items()})[0] for row in (0, 1)
    ]
    torch.testing.assert_close(sum(parts), whole)
    alone = network_of(Decoder(**SIZES), objective, facts, 0)
    assert network.state_dict().keys() == alone.state_dict().keys()
    assert len(list(network.parameters())) == len(list(alone.parameters()))


def test_all_else_is_handed_on_to_the_objective(rows: Any, together: Any, facts: dict[str, Any]) -> None:
    offered = {name for name in vars(Objective) if not name.startswith("_") and name not in ("kind", "model_config")}
    assert offered <= set(vars(Around)), "whatever is new in the contract is handed on"
    inner = Classification(multi_label=True)
    taught = Distil(teacher=teacher_of(inner), objective=inner)
    assert taught.offers() == inner.offers()
    assert taught.predicts.blank(facts) == {"label": []}
    joined = {"prediction": [0], "scores": [0.9, 0.2]}
    assert taught.predicts.told(joined, {"labels": ["bad", "good"]})["prediction"] == ["bad"]
    assert taught.started(None) == taught


@pytest.mark.parametrize(
    ("objective", "codes"),
    [
        (Distil(teacher=teacher_of(CausalLM())), []),
        (Distil(teacher=teacher_of(CausalLM()), objective=PrefixLM()), []),
        (Distil(teacher=teacher_of(Distil(teacher=teacher_of(CausalLM())))), []),
        (Distil(teacher=teacher_of(CausalLM()), objective=Classification()), ["L0786.teacher"]),
        (Distil(teacher=teacher_of(Classification())), ["L0786.teacher"]),
        (Distil(teacher=teacher_of(CausalLM(), Encoder(**SIZES))), ["L0786.teacher"]),
        (
            Distil(
                teacher=teacher_of(CausalLM()),
                objective=Mixed(parts={"a": CausalLM(), "b": PrefixLM()}, shares={"a": 0.5, "b": 0.5}),
            ),
            ["L0786"],
        ),
    ],
)
def test_a_teacher_must_know_the_same_sort_of_thing(objective: Distil, codes: list[str], tmp_path: Any) -> None:
    place = Place(tmp_path)
    objective.check(place)
    assert [problem.message.key for problem in place.problems] == codes
