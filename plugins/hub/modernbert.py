"""ModernBERT on the hub."""

from __future__ import annotations

from typing import Any

from ..builtin.model.encoder import Encoder
from ..builtin.model.transformer import TransformerModel
from .llama import layer_types, shortest
from .mapping import Config, Family, Rule, require, rule

_BLOCK, _LAYER = "body.blocks.#", "layers.#"
_LAYERS = {"full_attention": "global", "sliding_attention": "local"}

RULES = (
    Rule(("body.embedding.weight",), ("embeddings.tok_embeddings.weight",)),
    *rule("body.embedding_norm", "embeddings.norm"),
    *rule(f"{_BLOCK}.attention_norm", f"{_LAYER}.attn_norm"),
    *rule(f"{_BLOCK}.attention.qkv", f"{_LAYER}.attn.Wqkv"),
    *rule(f"{_BLOCK}.attention.output", f"{_LAYER}.attn.Wo"),
    *rule(f"{_BLOCK}.feedforward_norm", f"{_LAYER}.mlp_norm"),
    *rule(f"{_BLOCK}.feedforward.gate {_BLOCK}.feedforward.up", f"{_LAYER}.mlp.Wi"),
    *rule(f"{_BLOCK}.feedforward.output", f"{_LAYER}.mlp.Wo"),
    *rule("body.final_norm", "final_norm"),
    *rule("head.transform", "head.dense"),
    *rule("head.norm", "head.norm"),
    *rule("head", "decoder"),
)


def read(config: Config) -> TransformerModel:
    """Describe the model of a ModernBERT configuration."""
    for name in ("norm_bias", "attention_bias", "mlp_bias", "classifier_bias"):
        config.one_of(name, {False: False}, False)
    config.one_of("decoder_bias", {True: True}, True)
    for name in ("hidden_activation", "classifier_activation"):
        config.one_of(name, {"gelu": "gelu"}, "gelu")
    layers, every = config.size("num_hidden_layers", 22), config.size("global_attn_every_n_layers", 3)
    kinds = config.get("layer_types")
    if kinds is None:
        kinds = ["sliding_attention" if layer % every else "full_attention" for layer in range(layers)]
    if not isinstance(kinds, list) or len(kinds) != layers or any(kind not in _LAYERS for kind in kinds):
        raise config.refused("layer_types", list(_LAYERS))
    rope = config.get("rope_parameters") or {}
    bases = {"full_attention": config.number("global_rope_theta", 160_000.0)}
    bases["sliding_attention"] = config.number("local_rope_theta", 10_000.0)
    for kind in bases:
        given = Config(rope.get(kind) or {}, config.file)
        given.one_of("rope_type", {"default": "default"}, "default")
        bases[kind] = given.number("rope_theta", bases[kind])
    windowed = "sliding_attention" in kinds
    local: dict[str, Any] = {
        "sliding_window": config.size("local_attention", 128) // 2,
        "layer_pattern": shortest([_LAYERS[kind] for kind in kinds]),
        "local_rope_base": bases["sliding_attention"],
    }
    return Encoder(
        layers=layers,
        hidden_size=config.size("hidden_size", 768),
        heads=config.size("num_attention_heads", 12),
        ffn_size=config.size("intermediate_size", 1152),
        context_length=config.size("max_position_embeddings", 8192),
        activation="geglu",
        positions="rope",
        rope_base=bases["full_attention"],
        bias=False,
        norm_eps=config.number("norm_eps", 1e-5) or 1e-5,
        embedding_norm=True,
        dropout=config.number("mlp_dropout", 0.0),
        tied_embeddings=config.one_of("tie_word_embeddings", {True: True, False: False}, True),
        **(local if windowed else {}),
    )


def write(model: TransformerModel) -> dict[str, Any]:
    """Give the ModernBERT configuration of a model."""
    require(model, attention="bidirectional", positions="rope", norm="layer_norm", bias=False, activation="geglu")
    require(model, norm_placement="pre", embedding_norm=True, qk_norm=False, qkv_bias=(None, False), token_types=0)
    require(model, rope_scaling=None, kv_heads=(None, model.heads))
    require(model, head_size=(None, model.hidden_size // model.heads))
    local_base = model.local_rope_base or model.rope_base
    return {
        "num_hidden_layers": model.layers,
        "hidden_size": model.hidden_size,
        "num_attention_heads": model.heads,
        "intermediate_size": model.inner_size,
        "max_position_embeddings": model.context_length,
        "hidden_activation": "gelu",
        "norm_eps": model.spec.norm_eps,
        "mlp_dropout": model.dropout,
        "embedding_dropout": model.dropout,
        "local_attention": 2 * (model.sliding_window or model.context_length),
        "layer_types": layer_types(model),
        "rope_parameters": {
            "full_attention": {"rope_type": "default", "rope_theta": float(model.rope_base)},
            "sliding_attention": {"rope_type": "default", "rope_theta": float(local_base)},
        },
        "global_rope_theta": float(model.rope_base),
        "local_rope_theta": float(local_base),
    }


FAMILY = Family(
    model_type="modernbert",
    prefix="model.",
    rules=RULES,
    read=read,
    write=write,
    architectures={"masked_lm": "ModernBertForMaskedLM", "": "ModernBertModel"},
    ignored=("decoder.weight",),
)
