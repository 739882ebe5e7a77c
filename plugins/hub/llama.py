"""Llama and its kin on the hub: Mistral, Qwen 2, Qwen 3. They differ in a handful of fields."""

from __future__ import annotations

from typing import Any

from ..builtin.model.decoder import Decoder
from ..builtin.model.transformer import TransformerModel
from ..builtin.rope_scaling.linear import LinearScaling
from ..builtin.rope_scaling.llama3 import Llama3Scaling
from ..builtin.rope_scaling.yarn import YarnScaling
from ..models import RopeScaling
from .mapping import Config, Family, Rule, Unwritable, require, rule

_BLOCK, _LAYER = "body.blocks.#", "layers.#"

RULES = (
    Rule(("body.embedding.weight",), ("embed_tokens.weight",)),
    *rule(f"{_BLOCK}.attention_norm", f"{_LAYER}.input_layernorm"),
    *rule(f"{_BLOCK}.attention.qkv", " ".join(f"{_LAYER}.self_attn.{part}_proj" for part in "qkv")),
    *rule(f"{_BLOCK}.attention.query_norm", f"{_LAYER}.self_attn.q_norm"),
    *rule(f"{_BLOCK}.attention.key_norm", f"{_LAYER}.self_attn.k_norm"),
    *rule(f"{_BLOCK}.attention.output", f"{_LAYER}.self_attn.o_proj"),
    *rule(f"{_BLOCK}.feedforward_norm", f"{_LAYER}.post_attention_layernorm"),
    *rule(f"{_BLOCK}.feedforward.gate", f"{_LAYER}.mlp.gate_proj"),
    *rule(f"{_BLOCK}.feedforward.up", f"{_LAYER}.mlp.up_proj"),
    *rule(f"{_BLOCK}.feedforward.output", f"{_LAYER}.mlp.down_proj"),
    *rule("body.final_norm", "norm"),
    Rule(("head.weight",), ("lm_head.weight",)),
    Rule(("head.linear.weight",), ("score.weight",)),
)
_FLAGS = {True: True, False: False}
_LAYERS = {"full_attention": "global", "sliding_attention": "local"}


def rope_of(config: Config, context: int, base: float = 10_000.0) -> tuple[float, RopeScaling | None]:
    """Give the base and the scaling of rotary embeddings, whichever of its two layouts a configuration has."""
    given = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if not isinstance(given, dict):
        raise config.refused("rope_scaling")
    inner = Config(given, config.file)
    base = inner.number("rope_theta", config.number("rope_theta", base))
    kind = inner.get("rope_type", inner.get("type", "default"))
    original = inner.size("original_max_position_embeddings", context)
    if inner.get("partial_rotary_factor", 1.0) != 1.0:
        raise inner.refused("partial_rotary_factor")
    if kind == "default":
        return base, None
    if kind == "linear":
        return base, LinearScaling(factor=inner.number("factor", 1.0))
    if kind == "llama3":
        return base, Llama3Scaling(
            factor=inner.number("factor", 1.0),
            original_context=original,
            low_freq_factor=inner.number("low_freq_factor", 1.0),
            high_freq_factor=inner.number("high_freq_factor", 4.0),
        )
    if kind == "yarn":
        if inner.get("mscale") is not None or inner.get("truncate") is False:
            raise inner.refused("mscale" if inner.get("mscale") is not None else "truncate")
        return base, YarnScaling(
            factor=inner.number("factor", 1.0),
            original_context=original,
            beta_fast=inner.number("beta_fast", 32.0),
            beta_slow=inner.number("beta_slow", 1.0),
            attention_factor=inner.get("attention_factor"),
        )
    raise Config({"rope_type": kind}, config.file).refused("rope_type", ["default", "linear", "llama3", "yarn"])


def rope_written(model: TransformerModel) -> dict[str, Any]:
    """Give how a configuration says the base and the scaling of rotary embeddings."""
    scaling = model.rope_scaling
    written: dict[str, Any] = {"rope_theta": float(model.rope_base)}
    match scaling:
        case None:
            return written
        case LinearScaling():
            more = {"rope_type": "linear", "factor": scaling.factor}
        case Llama3Scaling():
            more = {
                "rope_type": "llama3",
                "factor": scaling.factor,
                "low_freq_factor": scaling.low_freq_factor,
                "high_freq_factor": scaling.high_freq_factor,
                "original_max_position_embeddings": scaling.original_context,
            }
        case YarnScaling():
            more = {
                "rope_type": "yarn",
                "factor": scaling.factor,
                "beta_fast": scaling.beta_fast,
                "beta_slow": scaling.beta_slow,
                "original_max_position_embeddings": scaling.original_context,
                "attention_factor": scaling.magnitude,
            }
        case _:
            raise Unwritable("rope_scaling", scaling.name)
    return written | {"rope_scaling": more}


def window_of(config: Config, layers: int) -> dict[str, Any]:
    """Give the fields that say which layers see how far."""
    window = config.get("sliding_window")
    if window is None or not config.get("use_sliding_window", True):
        return {}
    kinds = config.get("layer_types")
    if isinstance(kinds, list) and len(kinds) == layers and all(kind in _LAYERS for kind in kinds):
        pattern = [_LAYERS[kind] for kind in kinds]
    elif kinds is not None:
        raise config.refused("layer_types", list(_LAYERS))
    else:
        first = config.get("max_window_layers", 0)
        pattern = ["local" if layer >= first else "global" for layer in range(layers)]
    if "local" not in pattern:
        return {}
    return {"sliding_window": config.size("sliding_window"), "layer_pattern": shortest(pattern)}


def shortest(pattern: list[str]) -> list[str]:
    """Give the shortest list whose repetition is the pattern."""
    for size in range(1, len(pattern)):
        if all(kind == pattern[place % size] for place, kind in enumerate(pattern)):
            return pattern[:size]
    return pattern


def layer_types(model: TransformerModel) -> list[str]:
    """Give the sort of each layer as a configuration says it."""
    spec = model.spec
    return ["sliding_attention" if spec.is_local(layer) else "full_attention" for layer in range(model.layers)]


def read(config: Config) -> TransformerModel:
    """Describe the model of a configuration of Llama or its kin."""
    kind = config.get("model_type")
    for name in ("attention_bias", "mlp_bias"):
        config.one_of(name, {False: False}, False)
    config.one_of("hidden_act", {"silu": "silu"}, "silu")
    if config.get("pretraining_tp", 1) != 1:
        raise config.refused("pretraining_tp")
    layers, heads, size = (
        config.size("num_hidden_layers"),
        config.size("num_attention_heads"),
        config.size("hidden_size"),
    )
    context = config.size("max_position_embeddings", 2048)
    base, scaling = rope_of(config, context)
    head = config.get("head_dim", 128 if kind == "qwen3" else None)
    default_kv = {"mistral": 8, "qwen2": 32, "qwen3": 32}.get(str(kind), heads)
    window = window_of(config, layers) if kind != "llama" else {}
    return Decoder(
        layers=layers,
        hidden_size=size,
        heads=heads,
        kv_heads=config.size("num_key_value_heads", default_kv),
        head_size=None if head in (None, size // heads) else head,
        ffn_size=config.size("intermediate_size"),
        context_length=context,
        norm="rms_norm",
        norm_eps=config.number("rms_norm_eps", 1e-6),
        activation="swiglu",
        positions="rope",
        rope_base=base,
        rope_scaling=scaling,
        bias=False,
        qkv_bias=kind == "qwen2" or None,
        qk_norm=kind == "qwen3",
        tied_embeddings=config.one_of("tie_word_embeddings", _FLAGS, False),
        **window,
    )


def write(model: TransformerModel, kind: str) -> dict[str, Any]:
    """Give the configuration of a model as Llama or one of its kin."""
    require(model, attention="causal", positions="rope", norm="rms_norm", activation="swiglu", bias=False)
    require(model, local_rope_base=(None, model.rope_base))
    require(model, qk_norm=kind == "qwen3", qkv_bias=True if kind == "qwen2" else (None, False))
    window = model.sliding_window
    if kind == "llama":
        require(model, sliding_window=None)
    if kind == "mistral" and (window is None or "global" in model.layer_pattern):
        raise Unwritable("layer_pattern", model.layer_pattern)
    if kind == "qwen2":
        require(model, head_size=(None, model.hidden_size // model.heads))
    config: dict[str, Any] = {
        "num_hidden_layers": model.layers,
        "hidden_size": model.hidden_size,
        "num_attention_heads": model.heads,
        "num_key_value_heads": model.spec.kv_heads,
        "head_dim": model.head_width,
        "intermediate_size": model.inner_size,
        "max_position_embeddings": model.context_length,
        "rms_norm_eps": model.spec.norm_eps,
        "hidden_act": "silu",
        "attention_bias": False,
        "attention_dropout": 0.0,
        **rope_written(model),
    }
    if kind == "mistral":
        config["sliding_window"] = window
    if kind in ("qwen2", "qwen3"):
        types = layer_types(model)
        config |= {"use_sliding_window": window is not None, "sliding_window": window, "layer_types": types}
    return config


def _family(kind: str, title: str) -> Family:
    return Family(
        model_type=kind,
        prefix="model.",
        rules=RULES,
        read=read,
        write=lambda model: write(model, kind),
        architectures={
            "causal_lm": f"{title}ForCausalLM",
            "classification": f"{title}ForSequenceClassification",
            "": f"{title}Model",
        },
        ignored=("layers.*.self_attn.rotary_emb.inv_freq", "rotary_emb.inv_freq"),
    )


FAMILIES = (
    _family("llama", "Llama"),
    _family("mistral", "Mistral"),
    _family("qwen2", "Qwen2"),
    _family("qwen3", "Qwen3"),
)
