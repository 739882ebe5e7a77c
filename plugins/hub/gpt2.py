"""GPT-2 on the hub: `GPT2LMHeadModel`."""

from __future__ import annotations

from typing import Any

from ..builtin.model.decoder import Decoder
from ..builtin.model.transformer import TransformerModel
from .mapping import Config, Family, Rule, require, rule

ACTIVATIONS = {"gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh", "gelu": "gelu", "relu": "relu"}

RULES = (
    Rule(("body.embedding.weight",), ("wte.weight",)),
    Rule(("body.position_embedding.weight",), ("wpe.weight",), cut=True),
    *rule("body.blocks.#.attention_norm", "h.#.ln_1"),
    *rule("body.blocks.#.attention.qkv", "h.#.attn.c_attn", transposed=True),
    *rule("body.blocks.#.attention.output", "h.#.attn.c_proj", transposed=True),
    *rule("body.blocks.#.feedforward_norm", "h.#.ln_2"),
    *rule("body.blocks.#.feedforward.up", "h.#.mlp.c_fc", transposed=True),
    *rule("body.blocks.#.feedforward.output", "h.#.mlp.c_proj", transposed=True),
    *rule("body.final_norm", "ln_f"),
    Rule(("head.weight",), ("lm_head.weight",)),
    Rule(("head.linear.weight",), ("score.weight",)),
)


def read(config: Config) -> TransformerModel:
    """Describe the model of a GPT-2 configuration."""
    for name, plain in (("scale_attn_weights", True), ("scale_attn_by_inverse_layer_idx", False)):
        config.one_of(name, {plain: plain}, plain)
    size = config.size("n_embd", 768)
    return Decoder(
        layers=config.size("n_layer", 12),
        hidden_size=size,
        heads=config.size("n_head", 12),
        context_length=config.size("n_positions", 1024),
        ffn_size=config.size("n_inner", 4 * size),
        activation=config.one_of("activation_function", ACTIVATIONS, "gelu_new"),
        norm_eps=config.number("layer_norm_epsilon", 1e-5),
        dropout=config.number("resid_pdrop", 0.1),
        tied_embeddings=config.one_of("tie_word_embeddings", {True: True, False: False}, True),
    )


def write(model: TransformerModel) -> dict[str, Any]:
    """Give the GPT-2 configuration of a model."""
    require(model, attention="causal", positions="learned", norm="layer_norm", bias=True, qk_norm=False)
    require(model, activation=("gelu", "gelu_tanh", "relu"), sliding_window=None, qkv_bias=(None, True))
    require(model, kv_heads=(None, model.heads), head_size=(None, model.hidden_size // model.heads))
    activation = next(there for there, ours in ACTIVATIONS.items() if ours == model.activation)
    return {
        "n_layer": model.layers,
        "n_embd": model.hidden_size,
        "n_head": model.heads,
        "n_positions": model.context_length,
        "n_inner": model.inner_size,
        "activation_function": activation,
        "layer_norm_epsilon": model.spec.norm_eps,
        "resid_pdrop": model.dropout,
        "embd_pdrop": model.dropout,
        "attn_pdrop": 0.0,
    }


FAMILY = Family(
    model_type="gpt2",
    prefix="transformer.",
    rules=RULES,
    read=read,
    write=write,
    architectures={
        "causal_lm": "GPT2LMHeadModel",
        "classification": "GPT2ForSequenceClassification",
        "": "GPT2Model",
    },
    ignored=("h.*.attn.bias", "h.*.attn.masked_bias"),
)
