"""The model `encoder_decoder` is T5: the logits are those of transformers, weights put over one by one."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from llx.plugins.builtin.model.encoder_decoder import EncoderDecoder
from llx.plugins.builtin.objective.sequence_to_sequence import SequenceToSequence
from llx.plugins.nn.network import Network
from torch import Tensor

transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.slow

VOCABULARY = 96


def attention(theirs: dict[str, Tensor], name: str, head_size: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Give queries, keys, values, output: T5 doesn't divide by the root of the head size, so queries are multiplied."""
    query, key, value, output = (theirs[f"{name}.{part}.weight"] for part in "qkvo")
    return query * math.sqrt(head_size), key, value, output


def put_over(theirs: dict[str, Tensor], network: Network, layers: int, head_size: int, tied: bool) -> None:
    """Put the weights of transformers' T5 into a network."""
    made: dict[str, Tensor] = {"body.embedding.weight": theirs["shared.weight"]}
    for stack, norm in (("encoder", "source_norm"), ("decoder", "target_norm")):
        first = f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        made[f"body.{stack}.positions.relative.embedding.weight"] = theirs[first]
        # T5 multiplies the states by 1 / sqrt(H) before it projects them by the tied embedding.
        scale = theirs["shared.weight"].shape[1] ** -0.5 if tied and stack == "decoder" else 1.0
        made[f"body.{norm}.weight"] = theirs[f"{stack}.final_layer_norm.weight"] * scale
        for layer in range(layers):
            own, other = f"body.{stack}.blocks.{layer}", f"{stack}.block.{layer}.layer"
            *qkv, output = attention(theirs, f"{other}.0.SelfAttention", head_size)
            made[f"{own}.attention.qkv.weight"], made[f"{own}.attention.output.weight"] = torch.cat(qkv), output
            made[f"{own}.attention_norm.weight"] = theirs[f"{other}.0.layer_norm.weight"]
            last = 1
            if stack == "decoder":
                last = 2
                query, key, value, output = attention(theirs, f"{other}.1.EncDecAttention", head_size)
                made[f"{own}.cross.query.weight"], made[f"{own}.cross.output.weight"] = query, output
                made[f"{own}.cross.key_value.weight"] = torch.cat((key, value))
                made[f"{own}.cross_norm.weight"] = theirs[f"{other}.1.layer_norm.weight"]
            names = {"wi": "up", "wi_0": "gate", "wi_1": "up", "wo": "output"}
            for name, ours in names.items():
                if (weight := theirs.get(f"{other}.{last}.DenseReluDense.{name}.weight")) is not None:
                    made[f"{own}.feedforward.{ours}.weight"] = weight
            made[f"{own}.feedforward_norm.weight"] = theirs[f"{other}.{last}.layer_norm.weight"]
    if not tied:
        made["head.weight"] = theirs["lm_head.weight"]
    parameters = dict(network.named_parameters())
    assert made.keys() == parameters.keys()
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(made[name])


@pytest.mark.parametrize(
    ("activation", "theirs", "tied"),
    [("relu", "relu", True), ("geglu_tanh", "gated-gelu", False)],
    ids=["t5-1.0", "t5-1.1"],
)
def test_logits_are_those_of_transformers(activation: Any, theirs: str, tied: bool) -> None:
    torch.manual_seed(0)
    config = transformers.T5Config(
        vocab_size=VOCABULARY, d_model=32, d_kv=12, d_ff=64, num_layers=2, num_heads=4, feed_forward_proj=theirs,
        tie_word_embeddings=tied, relative_attention_num_buckets=16, relative_attention_max_distance=40,
    )  # fmt: skip
    model = transformers.T5ForConditionalGeneration(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.add_(torch.randn_like(parameter) * (0.1 if "norm" in name or "relative" in name else 0.02))
    ours = EncoderDecoder(
        layers=2, hidden_size=32, heads=4, head_size=12, ffn_size=64, context_length=64, buckets=16, distance=40,
        activation=activation, tied_embeddings=tied,
    )  # fmt: skip
    body = ours.body(VOCABULARY)
    network = Network(body, SequenceToSequence().head(ours.shape, body, {})).eval()
    put_over(dict(model.state_dict()), network, 2, 12, tied)
    source, target = torch.randint(3, VOCABULARY, (3, 60)), torch.randint(3, VOCABULARY, (3, 50))
    marks = torch.ones_like(source)
    marks[1, 40:] = 0
    with torch.no_grad():
        wanted = model(input_ids=source, attention_mask=marks, decoder_input_ids=target).logits
        batch = {"source_tokens": source, "source_segments": marks, "target_tokens": target}
        assert network.head is not None
        given = network.head(network.hidden(batch))
    assert (given - wanted).abs().max() < 1e-4
    assert wanted.abs().max() > 0.1
