"""What decays, and how the update is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.classification import Classification
from llx.plugins.builtin.optimizer.adamw import AdamW
from llx.plugins.component import Place

MODEL = Decoder(layers=2, hidden_size=32, heads=4, context_length=16)


@pytest.mark.parametrize("objective", [CausalLM(), Classification()], ids=["tied", "classes"])
def test_matrices_decay_and_nothing_else(network: Any, objective: Any) -> None:
    net = network(MODEL, objective)
    optimizer = AdamW(weight_decay=0.1).build(net)
    decays = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    for name, parameter in net.named_parameters():
        matrix = parameter.dim() == 2 and "embedding" not in name
        assert decays.pop(id(parameter)) == (0.1 if matrix else 0.0), name
    assert not decays


def test_frozen_weights_are_left_out(network: Any) -> None:
    net = network(MODEL, CausalLM())
    for parameter in net.body.blocks.parameters():
        parameter.requires_grad_(False)
    optimizer = AdamW().build(net)
    assert sum(len(group["params"]) for group in optimizer.param_groups) == 4


def test_it_is_fused_where_the_device_has_it(network: Any) -> None:
    assert all(group["fused"] for group in AdamW().build(network(MODEL, CausalLM())).param_groups)
    assert not any(group["fused"] for group in AdamW().build(network(MODEL, CausalLM(), "meta")).param_groups)


def test_betas_are_two() -> None:
    for betas, codes in (([0.9, 0.95], []), ([0.9, 0.95, 0.99], ["L0524"])):
        place = Place(Path())
        AdamW(betas=betas).check(place)
        assert [problem.code for problem in place.problems] == codes


def test_the_state_is_two_numbers_a_weight(network: Any) -> None:
    net = network(MODEL, CausalLM())
    optimizer = AdamW().build(net)
    for parameter in net.parameters():
        parameter.grad = parameter.detach().clone()
    optimizer.step()
    kept = sum(v.nbytes for s in optimizer.state.values() for v in s.values() if v.dim())
    assert kept == AdamW().state_bytes(sum(parameter.numel() for parameter in net.parameters()))
