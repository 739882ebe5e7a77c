"""The formulas of the plan, held against the modules themselves; and sizes that don't go together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from llx.plugins.builtin.feedforward.moe import MixtureOfExperts
from llx.plugins.builtin.initialisation.mup import Mup
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.model.encoder import Encoder
from llx.plugins.builtin.model.transformer import TransformerModel
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.rope_scaling.linear import LinearScaling
from llx.plugins.component import Place
from llx.plugins.messages import en_learning as en
from llx.plugins.messages import ja_learning as ja
from llx.plugins.nn.network import Network
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

SIZES: dict[str, Any] = {"layers": 3, "hidden_size": 64, "heads": 4, "context_length": 48}
VARIANTS: list[tuple[type[TransformerModel], dict[str, Any]]] = [
    (Decoder, {}),
    (Decoder, {"norm": "rms_norm", "activation": "swiglu", "positions": "rope", "bias": False, "kv_heads": 2}),
    (Decoder, {"activation": "swiglu"}),
    (Decoder, {"positions": "rope", "dropout": 0.1}),
    (Decoder, {"kv_heads": 1, "tied_embeddings": False}),
    (Decoder, {"norm": "rms_norm", "ffn_size": 100}),
    (Encoder, {}),
    (Encoder, {"norm_placement": "post", "bias": False}),
    (Decoder, {"norm": "rms_norm", "qk_norm": True, "head_size": 24, "kv_heads": 2, "bias": False, "qkv_bias": True}),
    (Decoder, {"positions": "rope", "sliding_window": 16, "layer_pattern": ["local", "global"]}),
    (Decoder, {"feedforward": MixtureOfExperts(experts=8), "activation": "swiglu", "norm": "rms_norm"}),
    (Decoder, {"feedforward": MixtureOfExperts(experts=4, top_k=1, balance=0), "bias": False}),
    (Decoder, {"initialisation": Mup(), "tied_embeddings": False}),
    (Encoder, {"norm_placement": "post", "token_types": 2, "activation": "gelu_tanh"}),
    (Encoder, {"embedding_norm": True, "activation": "geglu", "qk_norm": True}),
    (Encoder, {"norm_placement": "post", "embedding_norm": False, "activation": "relu"}),
]
models = pytest.mark.parametrize(
    "model",
    [cls(**SIZES, **fields) for cls, fields in VARIANTS],
    ids=[f"{cls.name}-{'-'.join(fields)}" for cls, fields in VARIANTS],
)
VOCABULARY = 500


def network_of(model: TransformerModel, device: str) -> Network:
    with torch.device(device):
        body = model.body(VOCABULARY)
        return Network(body, CausalLM().head(model.shape, body, {}))


def batch_of(device: str) -> dict[str, torch.Tensor]:
    tokens = torch.randint(0, VOCABULARY, (4, 48))
    return {"tokens": tokens.to(device), "targets": tokens.to(device)}


@models
def test_parameters(model: TransformerModel) -> None:
    network = network_of(model, "meta")
    assert model.parameters(VOCABULARY) == sum(parameter.numel() for parameter in network.parameters())


def test_active_parameters_are_those_a_token_goes_through() -> None:
    dense = Decoder(**SIZES, bias=False)
    sparse = Decoder(**SIZES, bias=False, feedforward=MixtureOfExperts(experts=8, top_k=2))
    expert, router = 2 * 64 * 256, 8 * 64
    assert dense.active_parameters(VOCABULARY) == dense.parameters(VOCABULARY)
    assert sparse.active_parameters(VOCABULARY) == dense.parameters(VOCABULARY) + 3 * (expert + router)
    assert sparse.parameters(VOCABULARY) == dense.parameters(VOCABULARY) + 3 * (7 * expert + router)


@models
def test_flops(model: TransformerModel) -> None:
    network = network_of(model, "meta").eval()
    # The plain kernel, because the counter doesn't know all of the fast ones.
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        CausalLM().loss(network, batch_of("meta"))
    assert counter.get_total_flops() == 4 * 48 * model.flops_per_token(VOCABULARY, 48)


@models
def test_activations(model: TransformerModel) -> None:
    network = network_of(model, "cpu")
    kept = kept_bytes(lambda: CausalLM().loss(network, batch_of("cpu")), network)
    gradient_of_logits = 4 * 48 * VOCABULARY * 4
    assert model.activation_bytes(VOCABULARY, rows=4, length=48) == pytest.approx(kept + gradient_of_logits, rel=0.15)


def kept_bytes(forward: Callable[[], object], network: Network) -> int:
    """Measure what autograd keeps of a forward pass, the weights not counted."""
    weights = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}
    kept: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        forward()
    return sum(storage.nbytes() for storage in kept.values())


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"heads": 5}, "heads", "L0520"),
        ({"heads": 8, "kv_heads": 3}, "kv_heads", "L0521"),
        ({"hidden_size": 12, "positions": "rope"}, "positions", "L0522"),
        ({"rope_base": 5e5}, "rope_base", "L0531"),
        ({"rope_scaling": LinearScaling(factor=2)}, "rope_scaling", "L0531"),
        ({"layer_pattern": ["global"]}, "layer_pattern", "L0531"),
        ({"initialisation": Mup()}, "tied_embeddings", "L0532"),
        ({"layers": 10**12}, None, "L0523"),
        ({"layers": 10**400}, None, "L0523"),
        ({"hidden_size": 10**9, "heads": 10**3}, None, "L0523"),
    ],
)
def test_sizes_that_do_not_go_together(fields: dict[str, Any], field: str | None, code: str) -> None:
    place = Place(Path())
    Decoder(**SIZES | fields).check(place)
    assert [(problem.field, problem.code) for problem in place.problems] == [(field, code)]
    for language in (en, ja):
        for text in (place.problems[0].message, place.problems[0].help):
            if text is not None:
                assert language.MESSAGES[text.key].format(**text.values)


def test_the_nearest_number_of_heads_is_named() -> None:
    place = Place(Path())
    Decoder(**SIZES | {"hidden_size": 96, "heads": 7}).check(place)
    help_text = place.problems[0].help
    assert help_text is not None
    assert help_text.values["nearest"] in (6, 8)


@models
def test_sizes_that_do(model: TransformerModel) -> None:
    place = Place(Path())
    model.check(place)
    assert not place.problems
