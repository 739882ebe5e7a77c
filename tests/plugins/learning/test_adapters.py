"""Adapters as modules: which layers they stand beside, that they change nothing at first, and that they merge exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from llx.plugins.adapters import MARK, Adapter
from llx.plugins.builtin.adapter.bottleneck import Bottleneck
from llx.plugins.builtin.adapter.dora import Dora
from llx.plugins.builtin.adapter.lora import Lora
from llx.plugins.builtin.feedforward.moe import MixtureOfExperts
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.model.encoder import Encoder
from llx.plugins.builtin.model.encoder_decoder import EncoderDecoder
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.component import Place, TaskFailed
from llx.plugins.models import Model
from llx.plugins.nn.adapters import freeze_beside, frozen_layers, hold, linear_layers
from llx.plugins.nn.held import whole
from llx.plugins.nn.network import Network
from torch import nn

SIZES: dict[str, Any] = {"layers": 2, "hidden_size": 32, "heads": 4, "context_length": 16}
MODELS: list[Model] = [
    Decoder(**SIZES),
    Decoder(**SIZES, activation="swiglu", norm="rms_norm", positions="rope", kv_heads=2, head_size=12, bias=False),
    Decoder(**SIZES, feedforward=MixtureOfExperts(experts=4)),
    Encoder(**SIZES, norm_placement="post", token_types=2),
    EncoderDecoder(**SIZES, decoder_layers=1),
]
MERGED: list[Adapter] = [
    Lora(rank=4),
    Lora(rank=2, alpha=3, rslora=True, targets=["attention", "feedforward.*"], dropout=0.5),
    Dora(rank=2, alpha=5),
]
ADAPTERS: list[Adapter] = [*MERGED, Bottleneck(size=6), Bottleneck(size=4, targets="feedforward")]
by_name = {"ids": lambda one: one.name}


def body_of(model: Model, device: str = "cpu") -> nn.Module:
    torch.manual_seed(0)
    with torch.device(device):
        return model.body(50)


def moved(body: nn.Module) -> None:
    """Bring the weights of adapters to where training could have."""
    for name, parameter in body.named_parameters():
        if MARK in f".{name}":
            nn.init.normal_(parameter, std=0.3)
            parameter.data += name.endswith(".size")


@pytest.mark.parametrize("model", MODELS, **by_name)
def test_models_know_their_linear_layers_before_they_are_built(model: Model) -> None:
    found = {name: (layer.in_features, layer.out_features) for name, layer in linear_layers(body_of(model)).items()}
    assert model.linear_layers() == found


@pytest.mark.parametrize("adapter", ADAPTERS, **by_name)
def test_an_adapter_changes_nothing_at_first_and_keeps_the_names_of_the_body(adapter: Adapter) -> None:
    body, tokens = body_of(MODELS[0]).eval(), torch.arange(12).view(2, 6)
    names, before = [name for name, _ in body.named_parameters()], body(tokens)
    adapter.adapt(body)
    assert [name for name, _ in body.named_parameters() if MARK not in name] == names
    torch.testing.assert_close(body.eval()(tokens), before)
    moved(body)
    assert float((body(tokens) - before).detach().abs().max()) > 0.05


@pytest.mark.parametrize("model", MODELS, **by_name)
@pytest.mark.parametrize("adapter", MERGED, **by_name)
def test_merged_weights_do_what_the_adapter_did(model: Model, adapter: Adapter) -> None:
    body, tokens = body_of(model).eval(), torch.arange(12).view(2, 6)
    given = (tokens, None, tokens) if model.attention == "encoder_decoder" else (tokens,)
    before = dict(body.state_dict())
    adapter.adapt(body)
    moved(body)
    body.eval()
    merged = adapter.merged({f"body.{name}": tensor for name, tensor in body.state_dict().items()})
    plain = body_of(model).eval()
    plain.load_state_dict({name.removeprefix("body."): tensor for name, tensor in merged.items()})
    assert merged.keys() == {f"body.{name}" for name in before}
    torch.testing.assert_close(plain(*given), body(*given), atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("adapter", ADAPTERS, **by_name)
def test_gradients_reach_the_adapter_and_the_head_alone_on_any_device(adapter: Adapter) -> None:
    model = Decoder(**SIZES, tied_embeddings=False)
    for device in ("cpu", "meta"):
        body = body_of(model, device)
        with torch.device(device):
            network = Network(body, CausalLM().head(model.shape, body, {}))
        adapter.adapt(network.body)
        moved(network)
        freeze_beside(network, head=True)
        tokens = torch.arange(12, device=device).view(2, 6)
        loss, _ = CausalLM().loss(network, {"tokens": tokens, "targets": tokens})
        loss.backward()
        for name, parameter in network.named_parameters():
            assert (parameter.grad is not None) == (MARK in name or name.startswith("head.")), name
        freeze_beside(network, head=False)
        assert not any(p.requires_grad for n, p in network.named_parameters() if MARK not in n)


def test_dora_starts_from_the_sizes_of_the_rows_and_trains_them() -> None:
    body = body_of(MODELS[0])
    weight = body.get_submodule("blocks.0.attention.qkv").weight.detach().clone()
    Dora(rank=2).adapt(body)
    size = body.get_parameter("blocks.0.attention.qkv.adapter.size")
    torch.testing.assert_close(size.detach(), weight.norm(dim=1))
    merged = Dora(rank=2).merged({f"body.{n}": t for n, t in body.state_dict().items()})
    torch.testing.assert_close(merged["body.blocks.0.attention.qkv.weight"], weight)


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ("all", 8),
        ("attention", 4),
        ("feedforward", 4),
        ("qkv", 2),
        ("body.blocks.1", 4),
        (["*.up", "attention.output"], 4),
        (["all", "attention"], 8),
    ],
)
def test_targets_mean_layers_by_word_by_pattern_and_by_the_end_of_their_names(targets: Any, expected: int) -> None:
    body = body_of(MODELS[0])
    Lora(targets=targets).adapt(body)
    assert sum(name.endswith(".adapter.down") for name, _ in body.named_parameters()) == expected


@pytest.mark.parametrize("adapter", [Lora(targets=["qkv", "q_proj"]), Bottleneck(targets="*.up")], **by_name)
def test_a_layer_that_is_not_there_is_named_with_those_that_are(adapter: Adapter) -> None:
    place = Place(Path())
    adapter.check_model(place, MODELS[0], CausalLM(), "adapter")
    (problem,) = place.problems
    assert problem.code == "L0725"
    assert problem.field == "adapter"
    assert "body.blocks.*.attention.output" in problem.message.values["names"]
    with pytest.raises(TaskFailed) as caught:
        adapter.adapt(body_of(MODELS[0]))
    assert caught.value.code == "L0725"


def test_a_rank_that_saves_nothing_is_a_warning() -> None:
    place = Place(Path())
    Lora(rank=32).check_model(place, MODELS[0], CausalLM(), "adapter")
    assert [(problem.code, problem.warning) for problem in place.problems] == [("L0726", True)]


def bytes_of(tensor: torch.Tensor) -> int:
    """Count the bytes of a tensor, those of the parts that it is made of if there are such."""
    parts = getattr(tensor, "__tensor_flatten__", None)
    if parts is None or type(tensor) is torch.Tensor:
        return tensor.numel() * tensor.element_size()
    return sum(bytes_of(getattr(tensor, name)) for name in parts()[0])


@pytest.mark.parametrize(("bits", "part", "apart"), [("int8", 0.27, 0.01), ("nf4", 0.14, 0.06)])
def test_a_base_in_few_bits_is_small_and_does_nearly_the_same(bits: Any, part: float, apart: float) -> None:
    pytest.importorskip("torchao")
    model = Decoder(layers=1, hidden_size=64, heads=4, context_length=16)
    tokens = torch.arange(24).view(2, 12)
    hidden, gradients = [], []
    for base in (None, bits):
        body = body_of(model)
        adapter = Lora(rank=4, base=base)
        adapter.adapt(body)
        moved(body)
        network = Network(body, CausalLM().head(model.shape, body, {}))
        freeze_beside(network, head=False)
        numbers = sum(p.numel() for p in body.parameters())
        sizes = {name: layer.weight.numel() * 4 for name, layer in frozen_layers(body).items()}
        spared = adapter.spared(body)
        adapter.hold(body)
        held = {name: bytes_of(layer.weight.detach()) for name, layer in frozen_layers(body).items()}
        assert sum(sizes.values()) - sum(held.values()) == spared, "a plan counts what there is"
        assert sum(p.numel() for p in body.parameters()) == numbers
        loss, _ = CausalLM().loss(network, {"tokens": tokens, "targets": tokens})
        loss.backward()
        hidden.append(body(tokens).detach())
        gradients.append(torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None]))
    assert sum(held.values()) < part * sum(sizes.values())
    assert 0 < float((hidden[1] - hidden[0]).norm() / hidden[0].norm()) < apart
    assert float((gradients[1] - gradients[0]).norm() / gradients[0].norm()) < 3 * apart


@pytest.mark.parametrize("bits", ["int8", "nf4"])
def test_the_products_of_a_base_in_few_bits_are_those_of_the_weights_that_it_stands_for(bits: Any) -> None:
    pytest.importorskip("torchao")
    layer = nn.Linear(64, 48)
    input, upstream = torch.randn(2, 3, 64), torch.randn(2, 3, 48)
    hold(layer, bits)
    weight = whole(layer.weight)
    for dtype in (torch.float32, torch.bfloat16):
        results = []
        for ours in (True, False):
            given = input.clone().requires_grad_()
            with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
                output = layer(given) if ours else nn.functional.linear(given, weight, layer.bias)
            (gradient,) = torch.autograd.grad(output, given, upstream.to(output.dtype))
            results.append((output, gradient))
        for one, other in zip(*results, strict=True):
            assert one.dtype == other.dtype
            torch.testing.assert_close(one, other, atol=1e-5 if dtype == torch.float32 else 0.02, rtol=0.01)


@pytest.mark.parametrize("adapter", [Lora(base="int8"), Dora(base="nf4"), Bottleneck(base="nf4")], **by_name)
def test_a_base_in_few_bits_learns_beside_any_adapter_and_on_meta(adapter: Adapter) -> None:
    pytest.importorskip("torchao")
    model = Decoder(layers=1, hidden_size=64, heads=4, context_length=16)
    for device in ("cpu", "meta"):
        body = body_of(model, device)
        adapter.adapt(body)
        moved(body)
        with torch.device(device):
            network = Network(body, CausalLM().head(model.shape, body, {}))
        freeze_beside(network, head=False)
        adapter.hold(body)
        tokens = torch.arange(12, device=device).view(2, 6)
        CausalLM().loss(network, {"tokens": tokens, "targets": tokens})[0].backward()
        for name, parameter in network.named_parameters():
            assert (parameter.grad is not None) == (MARK in name), name


def test_a_layer_that_nf4_has_no_whole_blocks_of_is_named() -> None:
    odd, place = Decoder(layers=1, hidden_size=12, heads=2, context_length=16), Place(Path())
    adapter = Lora(rank=2, base="nf4")
    adapter.check_model(place, odd, CausalLM(), "adapter")
    assert [(problem.code, problem.field) for problem in place.problems] == [("L0732", "adapter")]
    body = body_of(odd)
    adapter.adapt(body)
    with pytest.raises(TaskFailed) as caught:
        adapter.spared(body)
    assert caught.value.code == "L0732"
