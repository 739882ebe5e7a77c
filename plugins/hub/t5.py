"""T5 on the hub: 1.0, whose embeddings are tied, and 1.1, whose are not (Flan-T5 among them)."""

from __future__ import annotations

import math
from typing import Any

from ..builtin.model.encoder_decoder import EncoderDecoder
from .mapping import Config, Family, Rule, require, rule

ACTIVATIONS = {
    "relu": "relu",
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gated-gelu": "geglu_tanh",
    "gated-gelu_new": "geglu_tanh",
    "gated-silu": "swiglu",
}
"""`gated-gelu` means the approximation by tanh there."""


def _stack(ours: str, norm: str, last: int) -> tuple[Rule, ...]:
    """Write the rules of encoder or decoder; `last` is the place of the feed-forward part in a layer there."""
    block, layer = f"body.{ours}.blocks.#", f"{ours}.block.#.layer"
    inner = f"{layer}.{last}.DenseReluDense"
    return (
        Rule(
            (f"body.{ours}.positions.relative.embedding.weight",),
            (f"{ours}.block.0.layer.0.SelfAttention.relative_attention_bias.weight",),
        ),
        *rule(f"{block}.attention_norm", f"{layer}.0.layer_norm"),
        *rule(f"{block}.attention.qkv", " ".join(f"{layer}.0.SelfAttention.{part}" for part in "qkv")),
        *rule(f"{block}.attention.output", f"{layer}.0.SelfAttention.o"),
        *rule(f"{block}.feedforward_norm", f"{layer}.{last}.layer_norm"),
        *rule(f"{block}.feedforward.gate {block}.feedforward.up", f"{inner}.wi_0 {inner}.wi_1"),
        *rule(f"{block}.feedforward.up", f"{inner}.wi"),
        *rule(f"{block}.feedforward.output", f"{inner}.wo"),
        *rule(f"body.{norm}", f"{ours}.final_layer_norm"),
    )


_CROSS, _THERE = "body.decoder.blocks.#.cross", "decoder.block.#.layer.1"
RULES = (
    Rule(("body.embedding.weight",), ("shared.weight",)),
    *_stack("encoder", "source_norm", 1),
    *_stack("decoder", "target_norm", 2),
    *rule(f"{_CROSS}_norm", f"{_THERE}.layer_norm"),
    *rule(f"{_CROSS}.query", f"{_THERE}.EncDecAttention.q"),
    *rule(f"{_CROSS}.key_value", f"{_THERE}.EncDecAttention.k {_THERE}.EncDecAttention.v"),
    *rule(f"{_CROSS}.output", f"{_THERE}.EncDecAttention.o"),
    Rule(("head.weight",), ("lm_head.weight",), instead=("shared.weight",)),
)


def factors(model: EncoderDecoder) -> dict[str, float]:
    """Give what T5 has in its weights and we in our modules, and the other way round.

    We divide queries by the root of the head size. With tied embeddings T5 divides the last states by the root of the
    hidden size, which is left to the norm before them here.
    """
    scaled = {"*Attention.q.weight": math.sqrt(model.spec.head_size)}
    if model.tied_embeddings:
        scaled["decoder.final_layer_norm.weight"] = model.hidden_size**-0.5
    return scaled


def read(config: Config) -> EncoderDecoder:
    """Describe the model of a T5 configuration."""
    config.one_of("is_encoder_decoder", {True: True}, True)
    pad = config.get("pad_token_id", 0)
    config.one_of("decoder_start_token_id", {pad: pad}, pad)
    # transformers 5 calls all of them tied, and says apart whether the last states are scaled, which the tied ones are.
    flags = {True: True, False: False}
    tied = config.one_of("scale_decoder_outputs", flags, config.one_of("tie_word_embeddings", flags, True))
    layers = config.size("num_layers", 6)
    decoder_layers = config.size("num_decoder_layers", layers)
    return EncoderDecoder(
        layers=layers,
        decoder_layers=None if decoder_layers == layers else decoder_layers,
        hidden_size=config.size("d_model", 512),
        heads=config.size("num_heads", 8),
        head_size=config.size("d_kv", 64),
        ffn_size=config.size("d_ff", 2048),
        context_length=config.size("n_positions", 512),
        buckets=config.size("relative_attention_num_buckets", 32),
        distance=config.size("relative_attention_max_distance", 128),
        activation=config.one_of("feed_forward_proj", ACTIVATIONS, "relu"),
        norm_eps=config.number("layer_norm_epsilon", 1e-6) or 1e-6,
        dropout=config.number("dropout_rate", 0.1),
        tied_embeddings=tied,
    )


def write(model: EncoderDecoder) -> dict[str, Any]:
    """Give the T5 configuration of a model."""
    require(model, attention="encoder_decoder", positions="relative", norm="rms_norm", norm_placement="pre", bias=False)
    require(model, activation=tuple(ACTIVATIONS.values()))
    encoder, decoder = model.depths
    return {
        "is_encoder_decoder": True,
        "num_layers": encoder,
        "num_decoder_layers": decoder,
        "d_model": model.hidden_size,
        "num_heads": model.heads,
        "d_kv": model.spec.head_size,
        "d_ff": model.inner_size,
        "n_positions": model.context_length,
        "relative_attention_num_buckets": model.buckets,
        "relative_attention_max_distance": model.distance,
        "feed_forward_proj": next(there for there, ours in ACTIVATIONS.items() if ours == model.activation),
        "layer_norm_epsilon": model.spec.norm_eps,
        "dropout_rate": model.dropout,
        "scale_decoder_outputs": model.tied_embeddings,
    }


FAMILY = Family(
    model_type="t5",
    prefix="",
    rules=RULES,
    read=read,
    write=write,
    architectures={"sequence_to_sequence": "T5ForConditionalGeneration", "": "T5Model"},
    ignored=(
        "encoder.embed_tokens.weight",
        "decoder.embed_tokens.weight",
        # The first T5 was stored with one that it never uses.
        "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight",
    ),
    factors=factors,
)
