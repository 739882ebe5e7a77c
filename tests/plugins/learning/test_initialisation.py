"""Initialisations by name, and whether what a step changes depends on the width."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from llx.plugins.builtin.initialisation.depth_scaled import DepthScaled
from llx.plugins.builtin.initialisation.gpt2 import Gpt2
from llx.plugins.builtin.initialisation.mup import Mup
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.optimizer.adamw import AdamW
from llx.plugins.models import Initialisation
from llx.plugins.nn.network import Network

SIZES: dict[str, Any] = {"layers": 4, "hidden_size": 64, "heads": 4, "context_length": 16}
VOCABULARY = 50


def network_of(initialisation: Initialisation, **fields: Any) -> Network:
    torch.manual_seed(0)
    model = Decoder(**SIZES | fields, initialisation=initialisation, tied_embeddings=False)
    body = model.body(VOCABULARY)
    return Network(body, CausalLM().head(model.shape, body, {}))


def deviations(network: Network, name: str) -> list[float]:
    found = [parameter.std().item() for key, parameter in network.named_parameters() if key.endswith(name)]
    assert found
    return found


def test_depth_scaled_shrinks_what_a_layer_adds_by_its_own_depth() -> None:
    network = network_of(DepthScaled())
    full = 0.02 * math.sqrt(768 / 64)
    expected = [full / math.sqrt(2 * layer) for layer in (1, 2, 3, 4)]
    assert deviations(network, "attention.output.weight") == pytest.approx(expected, rel=0.05)
    assert deviations(network, "feedforward.output.weight") == pytest.approx(expected, rel=0.05)
    assert deviations(network, "qkv.weight") == pytest.approx([full] * 4, rel=0.05)


def test_mup_scales_first_weights_rates_and_attention() -> None:
    narrow, wide = (network_of(Mup(base_width=64), hidden_size=size) for size in (64, 256))
    [narrow_embedding], [wide_embedding] = (deviations(net, "body.embedding.weight") for net in (narrow, wide))
    assert wide_embedding == pytest.approx(narrow_embedding, rel=0.05)
    assert deviations(wide, "qkv.weight")[0] == pytest.approx(deviations(narrow, "qkv.weight")[0] / 2, rel=0.05)
    assert deviations(wide, "head.weight") == [0.0]
    assert narrow.rate_factors() == {}
    rates = wide.rate_factors()
    assert set(rates.values()) == {0.25}
    slow = {name for name, parameter in wide.named_parameters() if parameter.dim() == 2 and "embedding" not in name}
    assert set(rates) == slow
    assert "head.weight" in slow
    assert wide.body.blocks[0].attention.query_scale == pytest.approx(1.0)  # type: ignore[index,union-attr]


def test_a_tied_projection_learns_at_the_rate_of_embeddings() -> None:
    model = Decoder(**SIZES, initialisation=Mup(base_width=32))
    body = model.body(VOCABULARY)
    assert not any("embedding" in name for name in Network(body, CausalLM().head(model.shape, body, {})).rate_factors())


def moved(initialisation: Initialisation, width: int) -> float:
    """Give how far five steps of Adam move the logits of a network of some width, as a root mean square."""
    network = network_of(initialisation, hidden_size=width, heads=width // 16, layers=2)
    optimizer = AdamW(lr=0.01, weight_decay=0.0).build(network)
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(0, VOCABULARY, (8, 16), generator=generator)
    batch = {"tokens": tokens, "targets": tokens.roll(-1, dims=1)}

    def logits() -> torch.Tensor:
        assert network.head is not None
        with torch.no_grad():
            return network.head(network.hidden(batch))

    before = logits()
    for _ in range(5):
        optimizer.zero_grad()
        (CausalLM().loss(network, batch)[0] / 128).backward()
        optimizer.step()
    return float((logits() - before).square().mean().sqrt())


def test_coordinates_move_alike_at_every_width_under_mup_alone() -> None:
    widths = (64, 128, 256, 512)
    mup = [moved(Mup(base_width=64), width) for width in widths]
    usual = [moved(Gpt2(), width) for width in widths]
    assert max(mup) < 1.5 * min(mup), mup
    assert usual[-1] > 2 * usual[0], usual
