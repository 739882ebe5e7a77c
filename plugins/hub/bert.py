"""BERT and RoBERTa on the hub."""

from __future__ import annotations

from typing import Any

from ..builtin.model.encoder import Encoder
from ..builtin.model.transformer import TransformerModel
from .mapping import Config, Family, Rule, require, rule

ACTIVATIONS = {"gelu": "gelu", "gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh", "relu": "relu"}
_BLOCK, _LAYER = "body.blocks.#", "encoder.layer.#"
ROBERTA_OFFSET = 2
"""RoBERTa counts positions from behind its padding's id, 1."""


def _body(offset: int) -> tuple[Rule, ...]:
    return (
        Rule(("body.embedding.weight",), ("embeddings.word_embeddings.weight",)),
        Rule(("body.position_embedding.weight",), ("embeddings.position_embeddings.weight",), offset=offset, cut=True),
        Rule(("body.type_embedding.weight",), ("embeddings.token_type_embeddings.weight",)),
        *rule("body.embedding_norm", "embeddings.LayerNorm"),
        *rule(
            f"{_BLOCK}.attention.qkv", " ".join(f"{_LAYER}.attention.self.{part}" for part in ("query", "key", "value"))
        ),
        *rule(f"{_BLOCK}.attention.output", f"{_LAYER}.attention.output.dense"),
        *rule(f"{_BLOCK}.attention_norm", f"{_LAYER}.attention.output.LayerNorm"),
        *rule(f"{_BLOCK}.feedforward.up", f"{_LAYER}.intermediate.dense"),
        *rule(f"{_BLOCK}.feedforward.output", f"{_LAYER}.output.dense"),
        *rule(f"{_BLOCK}.feedforward_norm", f"{_LAYER}.output.LayerNorm"),
    )


BERT_RULES = (
    *_body(0),
    *rule("head.transform", "cls.predictions.transform.dense"),
    *rule("head.norm", "cls.predictions.transform.LayerNorm"),
    Rule(("head.weight",), ("cls.predictions.decoder.weight",)),
    Rule(("head.bias",), ("cls.predictions.decoder.bias",), also=("cls.predictions.bias",)),
    *rule("head.pooler", "bert.pooler.dense"),
    *rule("head.linear", "classifier"),
)
ROBERTA_RULES = (
    *_body(ROBERTA_OFFSET),
    *rule("head.transform", "lm_head.dense"),
    *rule("head.norm", "lm_head.layer_norm"),
    Rule(("head.weight",), ("lm_head.decoder.weight",)),
    Rule(("head.bias",), ("lm_head.decoder.bias",), also=("lm_head.bias",)),
    *rule("head.pooler", "classifier.dense"),
    *rule("head.linear", "classifier.out_proj"),
)


def read(config: Config) -> TransformerModel:
    """Describe the model of a BERT or RoBERTa configuration."""
    config.one_of("position_embedding_type", {"absolute": "absolute"}, "absolute")
    for name in ("is_decoder", "add_cross_attention"):
        config.one_of(name, {False: False}, False)
    size, roberta = config.size("hidden_size", 768), config.get("model_type") == "roberta"
    if roberta:
        config.one_of("pad_token_id", {ROBERTA_OFFSET - 1: True}, ROBERTA_OFFSET - 1)
    # The head of masked tokens bends as the layers do there, and with the exact GELU here.
    masked = "BertForMaskedLM" in (config.get("architectures") or ())
    known = {"gelu": "gelu"} if masked else ACTIVATIONS
    return Encoder(
        layers=config.size("num_hidden_layers", 12),
        hidden_size=size,
        heads=config.size("num_attention_heads", 12),
        ffn_size=config.size("intermediate_size", 3072),
        context_length=config.size("max_position_embeddings", 512) - (ROBERTA_OFFSET if roberta else 0),
        activation=config.one_of("hidden_act", known, "gelu"),
        norm_placement="post",
        norm_eps=config.number("layer_norm_eps", 1e-12) or 1e-12,
        dropout=config.number("hidden_dropout_prob", 0.1),
        token_types=config.size("type_vocab_size", 2),
        tied_embeddings=config.one_of("tie_word_embeddings", {True: True, False: False}, True),
    )


def write(model: TransformerModel, kind: str) -> dict[str, Any]:
    """Give the configuration of a model as BERT or RoBERTa."""
    require(model, attention="bidirectional", positions="learned", norm="layer_norm", bias=True, qk_norm=False)
    require(model, norm_placement="post", embedding_norm=(None, True))
    require(model, activation=("gelu", "gelu_tanh", "relu") if kind == "roberta" else "gelu")
    require(model, sliding_window=None, qkv_bias=(None, True), kv_heads=(None, model.heads))
    require(model, head_size=(None, model.hidden_size // model.heads))
    # RoBERTa has one type of tokens, which says nothing; BERT has the two of its pairs.
    require(model, token_types=1 if kind == "roberta" else tuple(number for number in range(17) if number != 1))
    # Positions there are counted from this id.
    counted = {"pad_token_id": ROBERTA_OFFSET - 1} if kind == "roberta" else {}
    return counted | {
        "num_hidden_layers": model.layers,
        "hidden_size": model.hidden_size,
        "num_attention_heads": model.heads,
        "intermediate_size": model.inner_size,
        "max_position_embeddings": model.context_length + (ROBERTA_OFFSET if kind == "roberta" else 0),
        "hidden_act": next(there for there, ours in ACTIVATIONS.items() if ours == model.activation),
        "layer_norm_eps": model.spec.norm_eps,
        "hidden_dropout_prob": model.dropout,
        "attention_probs_dropout_prob": 0.0,
        "type_vocab_size": model.types or 2,
    }


FAMILIES = (
    Family(
        model_type="bert",
        prefix="bert.",
        rules=BERT_RULES,
        read=read,
        write=lambda model: write(model, "bert"),
        architectures={
            "masked_lm": "BertForMaskedLM",
            "classification": "BertForSequenceClassification",
            "": "BertModel",
        },
        ignored=("embeddings.position_ids", "pooler.*", "cls.predictions.decoder.weight", "cls.seq_relationship.*"),
    ),
    Family(
        model_type="roberta",
        prefix="roberta.",
        rules=ROBERTA_RULES,
        read=read,
        write=lambda model: write(model, "roberta"),
        architectures={
            "masked_lm": "RobertaForMaskedLM",
            "classification": "RobertaForSequenceClassification",
            "": "RobertaModel",
        },
        ignored=("embeddings.position_ids", "pooler.*", "lm_head.decoder.weight"),
    ),
)
