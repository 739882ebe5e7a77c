"""Weights from elsewhere: what is found wrong before anything runs, and what a run names."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from llx.plugins.api import Place, TaskFailed
from llx.plugins.builtin.export.huggingface import HuggingFace
from llx.plugins.builtin.weights.checkpoint import Checkpoint
from llx.plugins.builtin.weights.gguf import Gguf
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models

from .work import Lab

CONFIG: dict[str, Any] = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "vocab_size": 12,
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "intermediate_size": 16,
    "max_position_embeddings": 32,
    "tie_word_embeddings": True,
}


def tensors() -> dict[str, torch.Tensor]:
    """Give the tensors of that configuration, in half precision."""
    layer = "model.layers.0"
    shapes = {
        "model.embed_tokens.weight": (12, 8),
        "model.norm.weight": (8,),
        f"{layer}.input_layernorm.weight": (8,),
        f"{layer}.post_attention_layernorm.weight": (8,),
        f"{layer}.self_attn.q_proj.weight": (8, 8),
        f"{layer}.self_attn.k_proj.weight": (4, 8),
        f"{layer}.self_attn.v_proj.weight": (4, 8),
        f"{layer}.self_attn.o_proj.weight": (8, 8),
        f"{layer}.mlp.gate_proj.weight": (16, 8),
        f"{layer}.mlp.up_proj.weight": (16, 8),
        f"{layer}.mlp.down_proj.weight": (8, 16),
    }
    return {name: torch.randn(shape).bfloat16() for name, shape in shapes.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    there = tmp_path / "there"
    there.mkdir()
    (there / "config.json").write_text(json.dumps(CONFIG))
    Tokenizer(models.WordLevel({"</s>": 0, "a": 1}, unk_token="a")).save(str(there / "tokenizer.json"))
    (there / "tokenizer_config.json").write_text(json.dumps({"eos_token": "</s>"}))
    save_file(tensors(), there / "model.safetensors")
    return there


def test_half_precision_becomes_float32_and_goes_out_again_as_it_came(folder: Path) -> None:
    lab, weights = Lab(folder.parent), Checkpoint(path="there")
    assert lab.problems(weights) == []
    assert lab.run(weights) == {"vocab_size": 12, "roles": {"end": 0}}
    assert weights.known_vocab_size(folder.parent) == 12
    export = HuggingFace(checkpoint=weights.default(), to="out")
    assert lab.problems(export) == []
    assert lab.run(export)["family"] == "llama"
    given, written = load_file(folder / "model.safetensors"), load_file(lab.folder(export) / "model.safetensors")
    assert given.keys() == written.keys()
    assert all(torch.equal(given[name].float(), written[name]) for name in given)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"model_type": "falcon"}, "L0690"),
        ({"hidden_act": "relu"}, "L0693"),
        ({"rope_scaling": {"rope_type": "dynamic", "factor": 2.0}}, "L0693"),
        ({"num_hidden_layers": "two"}, "L0693"),
        ({"vocab_size": 12, "num_attention_heads": 3}, "L0520"),
    ],
)
def test_configurations_that_are_refused(folder: Path, change: dict[str, Any], code: str) -> None:
    (folder / "config.json").write_text(json.dumps(CONFIG | change))
    assert code in [found for _, found in Lab(folder.parent).problems(Checkpoint(path="there"))]


@pytest.mark.parametrize("gone", ["config.json", "tokenizer.json", "model.safetensors"])
def test_files_that_are_missing(folder: Path, gone: str) -> None:
    (folder / gone).unlink()
    assert Lab(folder.parent).problems(Checkpoint(path="there")) == [("path", "L0691")]


def test_pickles_are_refused_and_broken_files_named(folder: Path) -> None:
    lab, weights = Lab(folder.parent), Checkpoint(path="there")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert lab.problems(weights) == [("path", "L0692")]
    (folder / "pytorch_model.bin").unlink()
    (folder / "model.safetensors").write_bytes(b"not safetensors")
    assert lab.problems(weights) == [("path", "L0696")]
    assert lab.failure(weights).code == "L0696"
    (folder / "config.json").write_text("{")
    assert lab.problems(weights) == [("path", "L0696")]
    index = {"weight_map": {"a": "../../secret.safetensors"}}
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert lab.problems(weights) == [("path", "L0696")]


def test_tensors_that_do_not_fit_are_named(folder: Path) -> None:
    given, lab = tensors(), Lab(folder.parent)

    def failure(changed: dict[str, torch.Tensor]) -> tuple[str, str | None, object]:
        save_file(changed, folder / "model.safetensors")
        failed = lab.failure(Checkpoint(path="there"))
        return failed.code, failed.help, failed.values["names"]

    lacking = {name: tensor for name, tensor in given.items() if "up_proj" not in name}
    assert failure(lacking) == ("L0694", "L0694.missing", "layers.0.mlp.up_proj.weight")
    extra = given | {"model.layers.0.self_attn.q_proj.bias": torch.zeros(8)}
    assert failure(extra) == ("L0694", "L0694.unexpected", "layers.0.self_attn.q_proj.bias")
    code, help_, names = failure(given | {"model.norm.weight": torch.zeros(9)})
    assert (code, help_) == ("L0694", "L0694.shapes")
    assert "norm.weight" in str(names)


@pytest.mark.parametrize(
    ("lack", "more", "change", "help_"),
    [
        ("model.embed_tokens.weight", {}, {}, "L0694.missing"),
        ("", {}, {"num_hidden_layers": 2}, "L0694.missing"),
        ("", {"transformer.h.0.attn.c_attn.weight": (24, 8)}, {}, "L0694.unexpected"),
        ("", {"model.layers.1.mlp.up_proj.weight": (16, 8)}, {}, "L0694.unexpected"),
        ("", {}, {"hidden_size": 16}, "L0694.shapes"),
        ("", {}, {"vocab_size": 13}, "L0694.shapes"),
    ],
)
def test_another_models_tensors_are_told_at_check(
    folder: Path, lack: str, more: dict[str, tuple[int, ...]], change: dict[str, Any], help_: str
) -> None:
    given = {name: tensor for name, tensor in tensors().items() if name != lack}
    save_file(given | {name: torch.zeros(shape) for name, shape in more.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG | change))
    place = Place(folder.parent)
    Checkpoint(path="there").check(place)
    assert [(p.code, p.help.key if p.help else None) for p in place.problems] == [("L0694", help_)]


@pytest.mark.parametrize(
    ("lack", "more", "help_"),
    [
        ("model.norm.weight", {}, "L0694.missing"),
        ("", {"model.layers.0.self_attn.q_proj.bias": (8,)}, "L0694.unexpected"),
        ("", {"model.layers.0.mlp.up_proj.weight": (17, 8)}, "L0694.shapes"),
    ],
)
def test_every_tensor_is_held_against_the_model_by_the_plan(
    folder: Path, lack: str, more: dict[str, tuple[int, ...]], help_: str
) -> None:
    given = {name: tensor for name, tensor in tensors().items() if name != lack}
    save_file(given | {name: torch.zeros(shape) for name, shape in more.items()}, folder / "model.safetensors")
    lab, weights = Lab(folder.parent), Checkpoint(path="there")
    assert lab.problems(weights) in ([], [("path", "L0694")])
    with pytest.raises(TaskFailed) as caught:
        weights.estimate(lab)
    assert (caught.value.code, caught.value.help, caught.value.field) == ("L0694", help_, "path")


def test_a_tokenizer_with_more_ids_than_embeddings_is_told_at_check(folder: Path) -> None:
    words = {f"w{number}": number for number in range(13)} | {"</s>": 13}
    Tokenizer(models.WordLevel(words, unk_token="w0")).save(str(folder / "tokenizer.json"))
    assert Lab(folder.parent).problems(Checkpoint(path="there")) == [("path", "L0701")]
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    assert Lab(folder.parent).problems(Checkpoint(path="there")) == [("path", "L0701")]


def test_a_context_longer_than_the_weights_were_trained_with_is_told(folder: Path) -> None:
    assert Lab(folder.parent).problems(Checkpoint(path="there", context_length=33)) == [("context_length", "L0744")]
    assert Lab(folder.parent).problems(Checkpoint(path="there", context_length=32)) == []


def test_weights_that_are_not_there_are_told_with_the_command_that_brings_them(tmp_path: Path) -> None:
    for component, path in ((Checkpoint, "weights/minilm"), (Gguf, "weights/smol.gguf")):
        place = Place(tmp_path)
        component(path=path, fetch="python fetch.py all").check(place)
        [problem] = place.problems
        assert (problem.code, problem.help.key if problem.help else None) == ("L0743", "L0743.fetch")
        assert Lab(tmp_path).problems(component(path=path)) == [("path", "L0743")]


def test_what_the_files_hold_beside_the_model_is_named(folder: Path) -> None:
    rotary = {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(4)}
    save_file(tensors() | rotary, folder / "model.safetensors")
    lab = Lab(folder.parent)
    lab.run(Checkpoint(path="there"))
    assert lab.log.lines == [("weights.left", {"count": 1, "names": ["layers.0.self_attn.rotary_emb.inv_freq"]})]


def test_a_gguf_file_that_is_none(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    for content in (b"", b"GGML", b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1), b"GGUF" + struct.pack("<IQQ", 3, 1, 1)):
        (tmp_path / "x.gguf").write_bytes(content)
        assert lab.problems(Gguf(path="x.gguf")) == [("path", "L0696")]
