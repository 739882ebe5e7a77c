"""A mixture of experts: what it computes, that it drops nothing, and that its experts come to be used alike."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from llx.plugins.builtin.feedforward.moe import MixtureOfExperts
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.nn.context import Context
from llx.plugins.nn.experts import Experts, imbalance
from llx.plugins.nn.grouped import grouped_matmul
from llx.plugins.nn.network import Network
from llx.plugins.nn.visible import Visible
from llx.plugins.values import IGNORED
from torch import Tensor

SIZES: dict[str, Any] = {"layers": 2, "hidden_size": 16, "heads": 2, "context_length": 12, "activation": "swiglu"}


def layer_of(experts: int, top_k: int) -> Experts:
    torch.manual_seed(0)
    model = Decoder(**SIZES, ffn_size=24, feedforward=MixtureOfExperts(experts=experts, top_k=top_k))
    body = model.body(20)
    layer = body.blocks[0].feedforward  # type: ignore[index,union-attr]
    assert isinstance(layer, Experts)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.mul_(5)
    return layer


def by_hand(layer: Experts, token: Tensor) -> Tensor:
    """Send one token (H,) through its experts, one after the other."""
    probabilities = layer.router(token).softmax(dim=-1)
    best = probabilities.topk(layer.top_k)
    assert layer.gate is not None
    total = torch.zeros_like(token)
    for probability, number in zip(best.values / best.values.sum(), best.indices, strict=True):
        inner = torch.nn.functional.silu(token @ layer.gate[number]) * (token @ layer.up[number])
        total = total + probability * (inner @ layer.output[number])
    return total


@pytest.mark.parametrize(("experts", "top_k"), [(4, 1), (4, 2), (3, 3), (8, 2)])
def test_each_token_goes_through_its_best_experts(experts: int, top_k: int) -> None:
    layer, states = layer_of(experts, top_k), torch.randn(2, 5, 16)
    found = layer(states, Context(Visible(None, causal=True)))
    expected = torch.stack([by_hand(layer, token) for token in states.flatten(0, 1)]).view(2, 5, 16)
    assert torch.allclose(found, expected, atol=1e-5)


def test_grouped_products_and_their_gradients() -> None:
    rows, weights = torch.randn(10, 8, requires_grad=True), torch.randn(3, 8, 4, requires_grad=True)
    ends = torch.tensor([4, 4, 10], dtype=torch.int32)
    found = grouped_matmul(rows, weights, ends)
    expected = torch.cat([rows[:4] @ weights[0], rows[4:] @ weights[2]])
    assert torch.allclose(found, expected)
    gradients = [torch.autograd.grad(made.square().sum(), (rows, weights)) for made in (found, expected)]
    assert all(torch.allclose(one, other, atol=1e-5) for one, other in zip(*gradients, strict=True))


def test_imbalance_is_one_where_all_are_used_alike_and_grows_to_the_number_of_experts() -> None:
    chosen = torch.arange(8).view(1, 8, 1) % 4
    assert imbalance(torch.zeros(1, 8, 4), chosen, None).tolist() == pytest.approx([1.0])
    sure = torch.tensor([20.0, 0, 0, 0]).expand(1, 8, 4)
    assert imbalance(sure, torch.zeros(1, 8, 1, dtype=torch.long), None).tolist() == pytest.approx([4.0])
    segments = torch.tensor([[1, 1, 1, 1, 0, 0, 0, 0]])
    padded = torch.cat((torch.zeros(1, 4, 4), sure[:, :4]), dim=1)
    assert imbalance(padded, chosen, segments).tolist() == pytest.approx([1.0])


def test_what_is_added_to_the_loss_brings_the_experts_to_be_used_alike() -> None:
    torch.manual_seed(0)
    model = Decoder(**SIZES, feedforward=MixtureOfExperts(experts=4, top_k=1, balance=1.0))
    body = model.body(20)
    with torch.no_grad():
        for block in body.blocks:  # type: ignore[union-attr]
            block.feedforward.router.weight[0] += 0.1  # the first expert is preferred by all tokens
            block.feedforward_norm.bias.fill_(1.0)
    optimizer = torch.optim.Adam(body.parameters(), lr=0.01)
    tokens, found = torch.randint(0, 20, (4, 12)), []
    for _ in range(30):
        body(tokens)
        assert isinstance(body.auxiliary, Tensor)
        found.append(float(body.auxiliary.detach().mean()) / model.layers)
        optimizer.zero_grad()
        body.auxiliary.sum().backward()
        optimizer.step()
    assert found[0] > 2
    assert found[-1] < 1.1


def test_rows_add_up_and_evaluation_has_none_of_it() -> None:
    torch.manual_seed(0)
    model = Decoder(**SIZES, feedforward=MixtureOfExperts(experts=4, balance=0.5))
    body = model.body(20)
    network = Network(body, CausalLM().head(model.shape, body, {}))
    tokens = torch.randint(0, 20, (4, 12))
    targets = tokens.roll(-1, dims=1)
    targets[0, 3:] = IGNORED

    def loss(rows: slice) -> float:
        return CausalLM().loss(network, {"tokens": tokens[rows], "targets": targets[rows]})[0].item()

    whole = loss(slice(0, 4))
    assert loss(slice(0, 1)) + loss(slice(1, 4)) == pytest.approx(whole, rel=1e-6)
    network.eval()
    plain = loss(slice(0, 4))
    assert plain + 2 * 0.5 * 39 <= whole, "two layers, 39 targets, and an imbalance of at least 1"
