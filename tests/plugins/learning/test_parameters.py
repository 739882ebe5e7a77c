"""Names of parameters, how deep they lie, and what is trained of a network."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.model.encoder import Encoder
from llx.plugins.builtin.model.encoder_decoder import EncoderDecoder
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.classification import Classification
from llx.plugins.builtin.objective.sequence_to_sequence import SequenceToSequence
from llx.plugins.builtin.optimizer.adamw import AdamW
from llx.plugins.builtin.optimizer.lion import Lion
from llx.plugins.builtin.optimizer.muon import Muon
from llx.plugins.builtin.optimizer.sgd import SGD
from llx.plugins.component import TaskFailed
from llx.plugins.nn.outline import outline
from llx.plugins.nn.parameters import depths, freeze, meant, passes, reached_part

SIZES: dict[str, Any] = {"layers": 3, "hidden_size": 32, "heads": 4, "context_length": 16}


def trained(net: Any) -> set[str]:
    return {name for name, parameter in net.named_parameters() if parameter.requires_grad}


def test_a_name_means_all_below_it_and_a_word_all_of_a_part(network: Any) -> None:
    net = network(Encoder(**SIZES), Classification())
    names = [name for name, _ in net.named_parameters()]
    assert meant(net, "body.blocks.1") == meant(net, "body.blocks.1.*") == [n for n in names if ".blocks.1." in n]
    assert meant(net, "head") == [name for name in names if name.startswith("head.")]
    assert set(meant(net, "body")) | set(meant(net, "head")) == set(names)
    assert meant(net, "embedding") == ["body.embedding.weight", "body.position_embedding.weight"]
    assert meant(net, "body.block") == []


def test_depths_count_from_below_the_layers_to_the_head(network: Any) -> None:
    found = depths(network(Encoder(**SIZES), Classification()))
    assert found["body.embedding.weight"] == found["body.position_embedding.weight"] == 0
    assert {found[name] for name in found if ".blocks.1." in name} == {2}
    assert found["head.linear.weight"] == 4
    paired = depths(network(EncoderDecoder(**SIZES, decoder_layers=2), SequenceToSequence()))
    assert {paired[name] for name in paired if "encoder.blocks.2" in name} == {3}
    assert {paired[name] for name in paired if "decoder.blocks.1" in name} == {5}
    assert paired["body.embedding.weight"] == 0, "the tied projection lies below"
    assert depths(network(Decoder(**SIZES), CausalLM()))["body.final_norm.weight"] == 4


def test_what_is_frozen_gets_neither_gradient_nor_state_nor_decay(network: Any) -> None:
    for optimizer in (AdamW(weight_decay=0.5), Muon(weight_decay=0.5), Lion(weight_decay=0.5), SGD(weight_decay=0.5)):
        net = network(Encoder(**SIZES), Classification())
        freeze(net, ["body"])
        assert trained(net) == {name for name, _ in net.named_parameters() if name.startswith("head.")}
        built = optimizer.build(net)
        before = {name: p.detach().clone() for name, p in net.named_parameters()}
        tokens = torch.randint(0, 300, (4, 8))
        hidden = net.hidden({"tokens": tokens})
        assert not hidden.requires_grad, "no backward pass goes through the body"
        net.head(hidden, None).sum().backward()
        built.step()
        for name, parameter in net.named_parameters():
            assert torch.equal(parameter, before[name]) is name.startswith("body."), name
        held = {id(parameter) for group in built.param_groups for parameter in group["params"]}
        assert held == {id(p) for p in net.head.parameters()}


def test_a_step_costs_as_many_passes_as_it_goes_through(network: Any) -> None:
    net = network(Encoder(**SIZES), Classification())
    assert (passes(net), reached_part(net)) == (3.0, 1.0)
    freeze(net, ["body"])
    assert 1 < passes(net) < 1.05
    net = network(Encoder(**SIZES), Classification())
    freeze(net, ["embedding", "body.blocks.0", "body.blocks.1"])
    assert passes(net) == pytest.approx(1 + 2 / 3, abs=0.02)
    net = network(Encoder(**SIZES), Classification())
    freeze(net, ["body.blocks"])
    assert reached_part(net) == 1.0, "the embedding is trained, below all layers"
    assert passes(net) == pytest.approx(2, abs=0.02)


def test_nothing_of_a_name_and_nothing_left_are_told(network: Any) -> None:
    net = network(Decoder(**SIZES), CausalLM())
    for patterns, code in ((["body.layers.*"], "L0740"), (["body"], "L0741"), (["head"], "L0740")):
        with pytest.raises(TaskFailed) as caught:
            freeze(net, patterns)
        assert (caught.value.code, caught.value.field) == (code, "freeze")


def test_rates_decay_from_the_head_down_and_a_groups_own_is_meant_as_it_stands(network: Any) -> None:
    net = network(Encoder(**SIZES), Classification())
    built = AdamW(lr=0.1, layer_decay=0.5, groups={"body.blocks.0": {"lr": 0.3}}).build(net)
    rate = {id(p): group["lr"] for group in built.param_groups for p in group["params"]}
    rates = {name: rate[id(parameter)] for name, parameter in net.named_parameters()}
    assert rates["head.linear.weight"] == 0.1
    assert rates["body.blocks.2.feedforward.up.weight"] == pytest.approx(0.05)
    assert rates["body.blocks.1.attention.qkv.bias"] == pytest.approx(0.025)
    assert rates["body.blocks.0.attention.qkv.bias"] == 0.3
    assert rates["body.embedding.weight"] == pytest.approx(0.1 * 0.5**4)


def test_an_outline_has_the_names_and_sizes_of_the_network(network: Any, facts: Any) -> None:
    for model, objective in (
        (Encoder(**SIZES), Classification()),
        (Decoder(**SIZES, tied_embeddings=False), CausalLM()),
    ):
        made = outline(model, objective, facts)
        assert all(parameter.is_meta for parameter in made.parameters())
        net = network(model, objective)
        assert {n: p.shape for n, p in made.named_parameters()} == {n: p.shape for n, p in net.named_parameters()}
        assert [n for n, _ in outline(model, objective, {}).named_parameters()] == [
            n for n, _ in net.named_parameters()
        ]
