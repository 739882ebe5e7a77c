"""Logits equal transformers', whichever way the weights went. Random tiny models of each family."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from llx.plugins.builtin.export.huggingface import HuggingFace
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.weights.checkpoint import Checkpoint
from llx.plugins.nn.network import Network
from llx.runtime.training.build import Stored, build, load_body, load_head
from tokenizers import Tokenizer, models, pre_tokenizers

from .work import Lab

transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.slow

VOCABULARY, LENGTH = 50, 24
ROPE = {"rope_theta": 10_000.0}
LLAMA: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 56,
    "max_position_embeddings": 64,
    "bos_token_id": 1,
    "eos_token_id": 0,
    "pad_token_id": 2,
}
BERT: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 56,
    "max_position_embeddings": 64,
    "pad_token_id": 2,
}
GPT2: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "n_embd": 32,
    "n_layer": 2,
    "n_head": 4,
    "n_positions": 64,
    "eos_token_id": 0,
    "bos_token_id": 0,
}
T5: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "d_model": 32,
    "d_kv": 12,
    "d_ff": 56,
    "num_layers": 2,
    "num_heads": 4,
    "relative_attention_num_buckets": 8,
    "relative_attention_max_distance": 20,
    "pad_token_id": 2,
    "eos_token_id": 0,
    "decoder_start_token_id": 2,
}
T5_1 = T5 | {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False, "num_decoder_layers": 3}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
    **ROPE,
}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, **ROPE}
MODERN = {
    "local_attention": 8,
    "global_attn_every_n_layers": 2,
    "num_hidden_layers": 3,
    "bos_token_id": 1,
    "eos_token_id": 0,
    "cls_token_id": 1,
    "sep_token_id": 0,
}
THEIRS = [
    pytest.param("GPT2LMHeadModel", GPT2, id="gpt2"),
    pytest.param("GPT2LMHeadModel", GPT2 | {"tie_word_embeddings": False, "n_inner": 40}, id="gpt2-untied"),
    pytest.param("GPT2ForSequenceClassification", GPT2 | {"num_labels": 3, "pad_token_id": 2}, id="gpt2-classes"),
    pytest.param("GPT2Model", GPT2, id="gpt2-body"),
    pytest.param("LlamaForCausalLM", LLAMA, id="llama"),
    pytest.param("LlamaForCausalLM", LLAMA | {"tie_word_embeddings": True, "head_dim": 6}, id="llama-tied"),
    pytest.param("LlamaForCausalLM", LLAMA | {"rope_parameters": LLAMA3}, id="llama-3"),
    pytest.param("LlamaForCausalLM", LLAMA | {"rope_parameters": YARN}, id="llama-yarn"),
    pytest.param(
        "LlamaForCausalLM",
        LLAMA | {"rope_parameters": {"rope_type": "linear", "factor": 2.0, **ROPE}},
        id="llama-linear",
    ),
    pytest.param("LlamaForSequenceClassification", LLAMA | {"num_labels": 3}, id="llama-classes"),
    pytest.param("MistralForCausalLM", LLAMA | {"sliding_window": 8}, id="mistral"),
    pytest.param("Qwen2ForCausalLM", LLAMA, id="qwen2"),
    pytest.param(
        "Qwen2ForCausalLM",
        LLAMA | {"use_sliding_window": True, "sliding_window": 6, "max_window_layers": 1},
        id="qwen2-window",
    ),
    pytest.param("Qwen3ForCausalLM", LLAMA | {"head_dim": 10, "tie_word_embeddings": True}, id="qwen3"),
    pytest.param("BertForMaskedLM", BERT, id="bert"),
    pytest.param("BertForMaskedLM", BERT | {"tie_word_embeddings": False}, id="bert-untied"),
    pytest.param("BertForSequenceClassification", BERT | {"num_labels": 3}, id="bert-classes"),
    pytest.param("BertModel", BERT, id="bert-body"),
    pytest.param("RobertaForMaskedLM", BERT | {"pad_token_id": 1, "type_vocab_size": 1}, id="roberta"),
    pytest.param(
        "RobertaForSequenceClassification",
        BERT | {"pad_token_id": 1, "type_vocab_size": 1, "num_labels": 3},
        id="roberta-classes",
    ),
    pytest.param("ModernBertForMaskedLM", BERT | MODERN, id="modernbert"),
    pytest.param("T5ForConditionalGeneration", T5, id="t5"),
    pytest.param("T5ForConditionalGeneration", T5_1, id="t5-1.1"),
    pytest.param("T5ForConditionalGeneration", T5 | {"feed_forward_proj": "gelu"}, id="t5-gelu"),
]


def write_tokenizer(folder: Path, words: int = 40) -> None:
    """Write a tokenizer of fewer tokens than the model has: its vocabulary is padded."""
    vocabulary = {"<e>": 0, "<s>": 1, "<p>": 2, "<m>": 3} | {f"w{number}": number for number in range(4, words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="w4"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(["<e>", "<s>", "<p>", "<m>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    special = {"eos_token": "<e>", "bos_token": {"content": "<s>"}, "pad_token": "<p>", "mask_token": "<m>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(special))


def theirs_of(name: str, config: dict[str, Any]) -> Any:
    """Make a model of transformers whose weights are far from zero."""
    torch.manual_seed(0)
    architecture = getattr(transformers, name)
    made = architecture(architecture.config_class(**config)).eval()
    if made.config.model_type == "t5" and not made.config.scale_decoder_outputs:
        # transformers 5 ties all of them at first, and those of T5 1.1 come untied out of its file.
        made.lm_head.weight = torch.nn.Parameter(made.lm_head.weight.detach().clone())
    with torch.no_grad():
        for key, parameter in made.named_parameters():
            if "norm" in key.lower() or "ln_" in key:
                parameter.add_(torch.randn_like(parameter) * 0.1)
            else:
                # T5 doesn't divide queries by the root of the head size: as large as the others they would be.
                parameter.normal_(std=0.3 / 12**0.5 if "Attention.q." in key else 0.3)
    return made


def opened(weights: Checkpoint, folder: Path) -> Network:
    """Build our network from an artifact as stages do."""
    stored = Stored.open(folder / "checkpoint")
    objective = weights.described_objective()
    network = build(weights.described_model(), objective or Nothing(), stored.facts, 0)
    load_body(network, stored)
    if objective is not None:
        assert load_head(network, stored, objective, stored.facts) in ("loaded", "none")
    return network.eval()


class Nothing(CausalLM):
    """An objective without a head."""

    def head(self, shape: Any, body: Any, facts: Any) -> Any:
        return None


def ours_on(network: Network, tokens: torch.Tensor, segments: torch.Tensor | None = None) -> torch.Tensor:
    if "source_tokens" in network.body.streams:
        hidden = network.hidden({"source_tokens": tokens, "target_tokens": tokens.flip(1)})
        return hidden if network.head is None else network.head(hidden)
    batch = {"tokens": tokens} | ({} if segments is None else {"segments": segments})
    hidden = network.hidden(batch)
    if network.head is None:
        return hidden
    pooled = hasattr(network.head, "pooling")
    logits: torch.Tensor = network.head(hidden, segments) if pooled else network.head(hidden)
    return logits


def theirs_on(model: Any, tokens: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
    more = {"decoder_input_ids": tokens.flip(1)} if model.config.is_encoder_decoder else {}
    with torch.no_grad():
        found = model(input_ids=tokens, attention_mask=torch.ones_like(tokens) if mask is None else mask, **more)
    return found.logits if hasattr(found, "logits") else found.last_hidden_state


@pytest.mark.parametrize(("name", "config"), THEIRS)
def test_from_transformers_and_back(tmp_path: Path, name: str, config: dict[str, Any]) -> None:
    given, there = theirs_of(name, config), tmp_path / "there"
    given.save_pretrained(there, max_shard_size="20KB")
    write_tokenizer(there)
    lab, weights = Lab(tmp_path), Checkpoint(path="there")
    assert lab.problems(weights) == []
    assert lab.run(weights)["vocab_size"] == VOCABULARY
    network = opened(weights, lab.folder(weights))
    tokens = torch.randint(4, VOCABULARY, (2, LENGTH))
    expected = theirs_on(given, tokens)
    found = ours_on(network, tokens)
    assert expected.abs().max() > 0.5
    assert (found - expected).abs().max() < 1e-4

    # And back: the export of what was read gives the same model again.
    export = HuggingFace(checkpoint=weights.default(), to="out")
    assert lab.problems(export) == []
    assert lab.run(export)["family"] == given.config.model_type
    again = getattr(transformers, name).from_pretrained(lab.folder(export)).eval()
    assert (theirs_on(again, tokens) - expected).abs().max() < 1e-4
    reloaded = transformers.PreTrainedTokenizerFast.from_pretrained(lab.folder(export))
    first = 0 if given.config.is_encoder_decoder else 1
    assert reloaded("w7 w9")["input_ids"][first : first + 2] == [7, 9]
    assert reloaded("w7 w9")["input_ids"][-1] == 0
