"""A model that reads one sequence and writes another: what sees what, and what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from llx.plugins.builtin.model.encoder_decoder import EncoderDecoder
from llx.plugins.builtin.objective.sequence_to_sequence import SequenceToSequence
from llx.plugins.component import Place
from llx.plugins.nn.network import Network
from llx.plugins.nn.relations import RelativePositions, between, sinusoids
from llx.runtime.training.recompute import recompute
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from .test_model_costs import kept_bytes

SIZES: dict[str, Any] = {"layers": 2, "hidden_size": 64, "heads": 4, "context_length": 48}
VANILLA: dict[str, Any] = {
    "norm": "layer_norm", "norm_placement": "post", "activation": "relu", "positions": "sinusoidal", "bias": True,
}  # fmt: skip
VARIANTS: list[dict[str, Any]] = [
    {},
    {"activation": "relu", "tied_embeddings": False, "decoder_layers": 3},
    VANILLA,
    {"positions": "learned", "head_size": 24, "norm": "layer_norm", "dropout": 0.1},
]
models = pytest.mark.parametrize(
    "model",
    [EncoderDecoder(**SIZES, **fields) for fields in VARIANTS],
    ids=["t5", "t5-untied", "vanilla", "learned"],
)
VOCABULARY = 500


def network_of(model: EncoderDecoder, device: str) -> Network:
    torch.manual_seed(0)
    with torch.device(device):
        body = model.body(VOCABULARY)
        return Network(body, SequenceToSequence().head(model.shape, body, {}))


def batch_of(device: str) -> dict[str, torch.Tensor]:
    tokens = torch.randint(0, VOCABULARY, (4, 48)).to(device)
    return {"source_tokens": tokens, "target_tokens": tokens, "targets": tokens}


@models
def test_costs(model: EncoderDecoder) -> None:
    network = network_of(model, "meta").eval()
    assert model.parameters(VOCABULARY) == sum(parameter.numel() for parameter in network.parameters())
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        SequenceToSequence().loss(network, batch_of("meta"))
    assert counter.get_total_flops() == 2 * 4 * 48 * model.flops_per_token(VOCABULARY, 48)


@models
def test_activations(model: EncoderDecoder) -> None:
    network = network_of(model, "cpu")
    kept = kept_bytes(lambda: SequenceToSequence().loss(network, batch_of("cpu")), network)
    gradient_of_logits = 4 * 48 * VOCABULARY * 4
    assert model.activation_bytes(VOCABULARY, rows=4, length=48) == pytest.approx(kept + gradient_of_logits, rel=0.15)


def larger(model: EncoderDecoder) -> torch.nn.Module:
    """Make a body whose weights mix so much that no leak hides below the tolerance."""
    body = network_of(model, "cpu").body
    with torch.no_grad():
        for parameter in body.parameters():
            parameter.mul_(3) if parameter.dim() > 1 else parameter.add_(torch.randn_like(parameter) * 0.1)
    return body.eval()


@models
def test_packed_pairs_are_read_as_if_each_were_alone(model: EncoderDecoder) -> None:
    body = larger(model)
    source, target = torch.randint(0, VOCABULARY, (1, 12)), torch.randint(0, VOCABULARY, (1, 9))
    sources = torch.tensor([[1] * 5 + [2] * 4 + [0] * 3])
    targets = torch.tensor([[1] * 3 + [2] * 4 + [0] * 2])
    packed = body(source, sources, target, targets)
    assert torch.isfinite(packed).all()
    assert torch.allclose(packed[:, :3], body(source[:, :5], None, target[:, :3], None), atol=1e-5)
    assert torch.allclose(packed[:, 3:7], body(source[:, 5:9], None, target[:, 3:7], None), atol=1e-5)


@models
def test_the_target_is_read_in_order_and_the_source_both_ways(model: EncoderDecoder) -> None:
    body = larger(model)
    source, target = torch.randint(0, VOCABULARY, (1, 12)), torch.randint(0, VOCABULARY, (1, 9))
    before = body(source, None, target, None)
    changed = target.clone()
    changed[0, 5] = (changed[0, 5] + 1) % VOCABULARY
    difference = (body(source, None, changed, None) - before).abs().amax(dim=-1)[0]
    assert (difference[:5] == 0).all()
    assert (difference[5:] > 0).all()
    changed = source.clone()
    changed[0, 11] = (changed[0, 11] + 1) % VOCABULARY
    assert ((body(changed, None, target, None) - before).abs().amax(dim=-1)[0] > 0).all()
    swapped = source[:, [1, 0, *range(2, 12)]]
    assert not torch.allclose(body(swapped, None, target, None), before, atol=1e-4)


def test_buckets_are_those_of_t5() -> None:
    both = RelativePositions(1, buckets=32, most=128, causal=False)
    back = RelativePositions(1, buckets=32, most=128, causal=True)
    distances = torch.tensor([-200, -128, -16, -15, -8, -7, -1, 0, 1, 7, 8, 15, 16, 127, 500])
    # As transformers' T5Attention._relative_position_bucket gives them.
    assert both.bucket(distances).tolist() == [15, 15, 10, 9, 8, 7, 1, 0, 17, 23, 24, 25, 26, 31, 31]
    assert back.bucket(distances).tolist() == [31, 31, 16, 15, 8, 7, 1, 0, 0, 0, 0, 0, 0, 0, 0]


def test_padding_of_the_target_sees_something() -> None:
    assert between(None, None, (2, 3)) is None
    seen = between(torch.tensor([[1, 2, 0]]), torch.tensor([[1, 1, 2]]), (3, 3))
    assert seen is not None
    assert seen[0, 0].int().tolist() == [[1, 1, 0], [0, 0, 1], [1, 1, 1]]
    alone = between(None, torch.tensor([[1, 1, 0]]), (2, 3))
    assert alone is not None
    assert alone[0, 0].int().tolist() == [[1, 1, 0], [1, 1, 0]]


def test_waves() -> None:
    waves = sinusoids(torch.arange(3), 6)
    assert waves.shape == (3, 6)
    assert waves[2, :2].tolist() == pytest.approx([0.9092974, -0.4161468])


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"heads": 5}, "heads", "L0520"),
        ({"distance": 16}, "distance", "L0606"),
        ({"positions": "learned", "buckets": 8}, "buckets", "L0531"),
        ({"layers": 10**12}, None, "L0523"),
    ],
)
def test_sizes_that_do_not_go_together(fields: dict[str, Any], field: str | None, code: str) -> None:
    place = Place(Path())
    EncoderDecoder(**SIZES | fields).check(place)
    assert [(problem.field, problem.code) for problem in place.problems] == [(field, code)]


@models
@pytest.mark.parametrize("what", ["block", "selective"])
def test_layers_that_are_computed_again_give_the_same(model: EncoderDecoder, what: Any) -> None:
    def gradients(again: Any) -> list[torch.Tensor]:
        network = network_of(model, "cpu")
        recompute(network.body, again)
        torch.manual_seed(1)
        SequenceToSequence().loss(network, batch)[0].backward()
        return [parameter.grad for parameter in network.parameters() if parameter.grad is not None]

    batch = batch_of("cpu")
    assert all(torch.equal(one, other) for one, other in zip(gradients("none"), gradients(what), strict=True))
