"""What all optimizers have in common, and what Muon and Lion compute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.classification import Classification
from llx.plugins.builtin.optimizer.adafactor import Adafactor
from llx.plugins.builtin.optimizer.adamw import AdamW
from llx.plugins.builtin.optimizer.grouped import GroupedOptimizer
from llx.plugins.builtin.optimizer.lion import Lion
from llx.plugins.builtin.optimizer.muon import Muon
from llx.plugins.builtin.optimizer.sgd import SGD
from llx.plugins.component import Place, TaskFailed
from llx.plugins.nn import muon
from torch import nn

MODEL = Decoder(layers=2, hidden_size=128, heads=4, context_length=16)
ALL = [AdamW(), Muon(), Lion(), Adafactor(), SGD(), SGD(momentum=0)]


def stepped(optimizer: torch.optim.Optimizer, net: nn.Module, steps: int = 2) -> torch.optim.Optimizer:
    torch.manual_seed(1)
    for _ in range(steps):
        for parameter in net.parameters():
            parameter.grad = torch.randn_like(parameter) * 0.01
        optimizer.step()
    return optimizer


@pytest.mark.parametrize("component", ALL, ids=lambda one: one.name)
def test_the_state_is_as_large_as_the_plan_says(network: Any, component: GroupedOptimizer) -> None:
    net = network(MODEL, CausalLM())
    optimizer = stepped(component.build(net), net)
    kept = sum(value.nbytes for state in optimizer.state.values() for value in state.values() if value.dim())
    parameters = MODEL.parameters(300)
    said = component.state_bytes(parameters, embedded=parameters - MODEL.parameters(0))
    if component.name == "adafactor":
        assert kept <= said <= 2 * parameters
    else:
        assert kept == pytest.approx(said, rel=0.02), "norms, biases and positions are AdamW's in muon"


@pytest.mark.parametrize("component", [one for one in ALL if one.name != "adafactor"], ids=lambda one: one.name)
def test_a_step_runs_on_device_meta(network: Any, component: GroupedOptimizer) -> None:
    net = network(MODEL, CausalLM(), "meta")
    optimizer = stepped(component.build(net), net)
    assert all(value.is_meta for state in optimizer.state.values() for name, value in state.items() if name != "step")


@pytest.mark.parametrize("component", ALL, ids=lambda one: one.name)
def test_each_parameter_is_in_one_group_and_groups_have_settings_of_their_own(
    network: Any, component: GroupedOptimizer
) -> None:
    groups = {"*embedding*": {"lr": 5e-5}, "body.blocks.1.*": {"lr": 7e-5, "weight_decay": 0.25}}
    changed = component.model_copy(update={"groups": groups, "weight_decay": 0.5})
    net = network(MODEL, Classification())
    built = changed.build(net)
    settings = {id(p): (g["lr"], g["weight_decay"]) for g in built.param_groups for p in g["params"]}
    assert len(settings) == sum(len(g["params"]) for g in built.param_groups) == len(list(net.parameters()))
    for name, parameter in net.named_parameters():
        lr, decay = settings[id(parameter)]
        if "embedding" in name:
            assert (lr, decay) == (5e-5, 0.0), name
        elif name.startswith("body.blocks.1."):
            assert (lr, decay) == (7e-5, 0.25), name
        else:
            assert (lr, decay) == (component.lr, 0.5 if parameter.dim() > 1 else 0.0), name
    before = {name: parameter.detach().clone() for name, parameter in net.named_parameters()}
    stepped(built, net)
    assert not any(torch.equal(parameter, before[name]) for name, parameter in net.named_parameters())


def test_a_pattern_that_means_nothing_and_a_parameter_that_two_mean_are_told(network: Any) -> None:
    net = network(MODEL, CausalLM())
    for groups, code in (
        ({"*embeding*": {"lr": 1e-4}}, "L0541"),
        ({"*embedding*": {"lr": 1e-4}, "*.weight": {"lr": 1e-3}}, "L0542"),
    ):
        component = AdamW(groups=groups)
        with pytest.raises(TaskFailed) as caught:
            component.build(net)
        assert (caught.value.code, caught.value.field, caught.value.component) == (code, "groups", component)


def test_what_no_group_has_is_told_at_check() -> None:
    place = Place(Path())
    Lion(groups={"*": {"momentum": 0.5}}).check(place)
    SGD(momentum=0, nesterov=True).check(place)
    Muon(betas=[0.9, 0.9, 0.9]).check(place)
    assert [problem.code for problem in place.problems] == ["L0540", "L0543", "L0524"]


def test_muon_brings_singular_values_near_to_one() -> None:
    torch.manual_seed(0)
    for shape in ((3, 24, 40), (40, 24), (2, 2, 16, 16)):
        values = torch.linalg.svdvals(muon.orthogonalised(torch.randn(shape)).float())
        assert 0.5 < float(values.median()) < 1.3
        assert float(values.max()) < 1.3


def test_a_stack_of_matrices_is_many_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(muon, "_format", lambda device: torch.float32)
    stack = torch.randn(4, 24, 16)
    torch.testing.assert_close(
        muon.orthogonalised(stack), torch.stack([muon.orthogonalised(one) for one in stack]), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("nesterov", [True, False])
def test_muon_takes_torchs_steps_for_matrices_and_adamws_for_the_rest(
    network: Any, nesterov: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(muon, "_format", lambda device: torch.bfloat16)
    ours, theirs = network(MODEL, CausalLM()), network(MODEL, CausalLM())
    start = {name: parameter.detach().clone() for name, parameter in ours.named_parameters()}
    stepped(Muon(lr=1e-2, nesterov=nesterov).build(ours), ours, 3)
    hidden = [p for name, p in theirs.named_parameters() if p.dim() == 2 and "embedding" not in name]
    rest = [p for p in theirs.parameters() if not any(p is one for one in hidden)]
    parts = (
        torch.optim.Muon(hidden, lr=1e-2, weight_decay=0.1, nesterov=nesterov, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=1e-2, betas=(0.9, 0.95), weight_decay=0, fused=True),
    )
    torch.manual_seed(1)
    for _ in range(3):
        for parameter in theirs.parameters():
            parameter.grad = torch.randn_like(parameter) * 0.01
        for part in parts:
            part.step()
    for (name, one), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        if any(other is matrix for matrix in hidden):
            moved, wanted = one.detach() - start[name], other.detach() - start[name]
            # The iteration is in bfloat16, and sums in another order.
            assert float((moved - wanted).norm() / wanted.norm()) < 0.02, name
        else:
            assert torch.equal(one, other), name


def test_lion_follows_its_paper() -> None:
    weight = nn.Parameter(torch.tensor([1.0, -2.0, 3.0]))
    optimizer = Lion(lr=0.1, betas=[0.9, 0.99], weight_decay=0.5).build(nn.ParameterList([weight]))
    expected, momentum = weight.detach().clone(), torch.zeros(3)
    for gradient in (torch.tensor([1.0, -3.0, 0.5]), torch.tensor([-0.01, 1.0, -4.0])):
        weight.grad = gradient
        optimizer.step()
        # A vector doesn't decay.
        expected -= 0.1 * torch.sign(0.9 * momentum + 0.1 * gradient)
        momentum = 0.99 * momentum + 0.01 * gradient
    torch.testing.assert_close(weight.detach(), expected)
