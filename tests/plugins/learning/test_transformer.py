"""What a token may see: its own document, and with a decoder what stands before it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from llx.plugins.builtin.feedforward.moe import MixtureOfExperts
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.model.encoder import Encoder
from llx.plugins.builtin.model.transformer import TransformerModel
from llx.plugins.nn.positions import document_positions, rotary_angles, rotate
from llx.plugins.nn.visible import Visible
from torch import Tensor

SIZES: dict[str, Any] = {"layers": 2, "hidden_size": 32, "heads": 4, "context_length": 16}
LLAMA: dict[str, Any] = {"norm": "rms_norm", "activation": "swiglu", "positions": "rope", "bias": False, "kv_heads": 2}
MODERN: dict[str, Any] = {
    "activation": "geglu",
    "positions": "rope",
    "bias": False,
    "embedding_norm": True,
    "sliding_window": 3,
    "layer_pattern": ["global", "local"],
    "rope_base": 160_000,
    "local_rope_base": 10_000,
}
MODELS = [
    pytest.param(Decoder(**SIZES), id="gpt2"),
    pytest.param(Decoder(**SIZES, **LLAMA), id="llama"),
    pytest.param(Encoder(**SIZES), id="encoder-pre"),
    pytest.param(Encoder(**SIZES, norm_placement="post"), id="encoder-post"),
    pytest.param(Encoder(**SIZES, **LLAMA), id="encoder-rope"),
    pytest.param(Decoder(**SIZES, **LLAMA, qk_norm=True, head_size=6, qkv_bias=True), id="qwen"),
    pytest.param(Decoder(**SIZES, **LLAMA, sliding_window=4, layer_pattern=["local", "global"]), id="mistral"),
    pytest.param(Decoder(**SIZES, **LLAMA, feedforward=MixtureOfExperts(experts=4)), id="mixtral"),
    pytest.param(Encoder(**SIZES, **MODERN), id="modernbert"),
    pytest.param(Encoder(**SIZES, norm_placement="post", token_types=2, activation="gelu_tanh"), id="bert"),
]
VOCABULARY = 50


def body_of(model: TransformerModel) -> torch.nn.Module:
    torch.manual_seed(0)
    body = model.body(VOCABULARY)
    # First weights mix so little that a leak could hide below the tolerance.
    with torch.no_grad():
        for parameter in body.parameters():
            parameter.mul_(5) if parameter.dim() > 1 else parameter.add_(torch.randn_like(parameter) * 0.1)
    return body.eval()


def documents(*sizes: int) -> Tensor:
    return torch.cat([torch.full((size,), number + 1) for number, size in enumerate(sizes)]).unsqueeze(0)


@pytest.mark.parametrize("model", MODELS)
def test_a_document_does_not_see_its_neighbours(model: TransformerModel) -> None:
    body = body_of(model)
    tokens, segments = torch.randint(0, VOCABULARY, (1, 16)), documents(5, 4, 7)
    changed = tokens.clone()
    changed[:, 5:9] = (changed[:, 5:9] + 1) % VOCABULARY
    before, after = body(tokens, segments), body(changed, segments)
    outside = segments[0] != 2
    # Not by the bit: with experts a neighbour decides how many tokens are multiplied together, and by which kernel.
    assert torch.allclose(before[:, outside], after[:, outside], rtol=0, atol=2e-6)
    assert not torch.allclose(before[:, ~outside], after[:, ~outside], atol=1e-3)


@pytest.mark.parametrize("model", MODELS)
def test_a_packed_document_is_read_as_if_it_were_alone(model: TransformerModel) -> None:
    body = body_of(model)
    tokens = torch.randint(0, VOCABULARY, (1, 16))
    packed = body(tokens, documents(5, 4, 7))
    for start, end in ((0, 5), (5, 9), (9, 16)):
        assert torch.allclose(packed[:, start:end], body(tokens[:, start:end], None), atol=1e-5)


@pytest.mark.parametrize("model", MODELS)
def test_padding_changes_nothing_and_is_never_nan(model: TransformerModel) -> None:
    body = body_of(model)
    tokens, segments = torch.randint(0, VOCABULARY, (2, 12)), torch.ones(2, 12, dtype=torch.long)
    segments[0, 7:] = 0
    segments[1] = 0  # a row of nothing but padding
    changed = torch.where(segments == 0, (tokens + 3) % VOCABULARY, tokens)
    before, after = body(tokens, segments), body(changed, segments)
    assert torch.equal(before[0, :7], after[0, :7])
    assert torch.allclose(before[0, :7], body(tokens[:1, :7], None)[0], atol=1e-5)
    assert torch.isfinite(before).all()


@pytest.mark.parametrize("model", MODELS)
def test_a_decoder_looks_back_only_and_an_encoder_both_ways(model: TransformerModel) -> None:
    body = body_of(model)
    tokens = torch.randint(0, VOCABULARY, (1, 16))
    changed = tokens.clone()
    changed[0, 8] = (changed[0, 8] + 1) % VOCABULARY
    for segments in (None, documents(16)):
        difference = (body(tokens, segments) - body(changed, segments)).abs().amax(dim=-1)[0]
        assert (difference[9:] > 0).any()
        assert (difference[:8] > 1e-4).any() == (model.attention == "bidirectional")


@pytest.mark.parametrize("model", MODELS)
def test_the_fast_path_gives_what_the_mask_gives(model: TransformerModel) -> None:
    body = body_of(model)
    tokens = torch.randint(0, VOCABULARY, (2, 16))
    assert torch.allclose(body(tokens, None), body(tokens, torch.ones_like(tokens)), atol=1e-5)


@pytest.mark.parametrize("model", MODELS)
def test_the_order_of_tokens_counts(model: TransformerModel) -> None:
    body = body_of(model)
    tokens = torch.tensor([[3, 4, 5, 6]])
    swapped = torch.tensor([[4, 3, 5, 6]])
    assert not torch.allclose(body(tokens, None)[:, -1], body(swapped, None)[:, -1], atol=1e-4)


@pytest.mark.parametrize("model", MODELS)
def test_every_parameter_has_a_gradient(model: TransformerModel) -> None:
    body = model.body(VOCABULARY)
    body(torch.randint(0, VOCABULARY, (2, 16)), None).square().sum().backward()
    without = [name for name, parameter in body.named_parameters() if parameter.grad is None]
    assert not without
    still = {name for name, parameter in body.named_parameters() if not parameter.grad.abs().sum()}
    assert still <= {"type_embedding.weight"}


@pytest.mark.parametrize("model", MODELS)
def test_the_same_seed_gives_the_same_body(model: TransformerModel) -> None:
    weights = []
    for _ in range(2):
        torch.manual_seed(3)
        weights.append(model.body(VOCABULARY).state_dict())
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.mark.parametrize(("width", "deviation"), [(768, 0.02), (192, 0.04)])
def test_weights_start_as_those_of_gpt2(width: int, deviation: float) -> None:
    torch.manual_seed(0)
    body = Decoder(layers=8, hidden_size=width, heads=4, context_length=8).body(VOCABULARY)
    block = body.blocks[0]  # type: ignore[union-attr,index]
    assert body.embedding.weight.std().item() == pytest.approx(deviation, rel=0.05)  # type: ignore[union-attr]
    assert block.attention.qkv.weight.std().item() == pytest.approx(deviation, rel=0.05)
    # Smaller with depth, because they add to the stream.
    assert block.attention.output.weight.std().item() == pytest.approx(deviation / 4, rel=0.05)
    assert block.feedforward.output.weight.std().item() == pytest.approx(deviation / 4, rel=0.05)


def test_positions_count_from_the_start_of_each_document() -> None:
    segments = torch.tensor([[1, 1, 1, 2, 2, 3, 0, 0], [1] * 8])
    expected = [[0, 1, 2, 0, 1, 0, 0, 1], list(range(8))]
    assert document_positions(segments, segments).tolist() == expected
    assert document_positions(segments, None).tolist() == list(range(8))


def test_a_mask_is_block_diagonal() -> None:
    segments = torch.tensor([[1, 1, 2, 0]])
    assert Visible(segments, causal=True).dense()[0, 0].int().tolist() == [
        [1, 0, 0, 0],
        [1, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
    ]
    assert Visible(segments, causal=False).dense()[0, 0].int().tolist() == [
        [1, 1, 0, 0],
        [1, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
    ]


def test_rotated_products_depend_on_the_distance_alone() -> None:
    query, key = torch.randn(1, 1, 1, 8), torch.randn(1, 1, 1, 8)

    def product(at: int, other: int) -> float:
        turned = rotate(query, rotary_angles(torch.tensor([at]), 8))
        return float((turned * rotate(key, rotary_angles(torch.tensor([other]), 8))).sum())

    assert product(9, 5) == pytest.approx(product(104, 100), abs=1e-4)
    assert product(9, 5) != pytest.approx(product(9, 4), abs=1e-4)


@pytest.mark.parametrize(("attention", "left", "right"), [(Decoder, 3, 0), (Encoder, 4, 4)])
def test_a_window_hides_what_is_far(attention: type[TransformerModel], left: int, right: int) -> None:
    body = body_of(attention(**SIZES | {"layers": 1}, sliding_window=4, positions="rope"))
    tokens = torch.randint(0, VOCABULARY, (1, 16))
    changed = tokens.clone()
    changed[0, 8] = (changed[0, 8] + 1) % VOCABULARY
    expected = [8 - right <= place <= 8 + left for place in range(16)]
    for segments in (None, documents(16)):
        difference = (body(tokens, segments) - body(changed, segments)).abs().amax(dim=-1)[0]
        assert (difference > 0).tolist() == expected


def test_types_of_tokens_are_told_apart() -> None:
    body = body_of(Encoder(**SIZES, token_types=2))
    tokens, types = torch.randint(0, VOCABULARY, (1, 16)), torch.zeros(1, 16, dtype=torch.long)
    assert body.streams[-1] == "types"
    assert torch.equal(body(tokens), body(tokens, types=types))
    assert not torch.allclose(body(tokens), body(tokens, types=types + 1), atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_compiled_it_gives_the_same(model: TransformerModel) -> None:
    body = body_of(model)
    torch.compiler.reset()  # all models share their code, and torch counts recompilations by code
    compiled = torch.compile(body, fullgraph=True)
    tokens, segments = torch.randint(0, VOCABULARY, (1, 16)), documents(5, 4, 7)
    assert torch.allclose(compiled(tokens, segments), body(tokens, segments), atol=1e-4)
    assert torch.allclose(compiled(tokens, None), body(tokens, None), atol=1e-4)
