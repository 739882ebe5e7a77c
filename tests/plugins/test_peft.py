"""An adapter alone, put onto transformers' base by the library peft, gives our logits; so does a merged export."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from llx.dsl.program import Reference
from llx.dsl.types import Artifact
from llx.plugins.adapters import MARK, Adapter
from llx.plugins.api import CheckpointOf, Facts, Model, Objective, Trained, Work
from llx.plugins.builtin.adapter.bottleneck import Bottleneck
from llx.plugins.builtin.adapter.dora import Dora
from llx.plugins.builtin.adapter.lora import Lora
from llx.plugins.builtin.export.huggingface import HuggingFace
from llx.plugins.builtin.export.peft import Peft
from llx.plugins.builtin.weights.checkpoint import Checkpoint
from llx.runtime.training.build import Stored, build, load_body, load_head
from safetensors.torch import save_file
from torch import nn

from .work import Lab

transformers = pytest.importorskip("transformers")
peft = pytest.importorskip("peft")
from .test_hub_parity import (  # noqa: E402 — it needs transformers itself
    BERT,
    GPT2,
    LLAMA,
    MODERN,
    T5,
    VOCABULARY,
    ours_on,
    theirs_of,
    theirs_on,
    write_tokenizer,
)

pytestmark = pytest.mark.slow


class Lean(Trained):
    """A stage whose adapter has weights out of nowhere, and whose head was trained if `head` says so."""

    kind: ClassVar[str] = "stage"
    name: ClassVar[str] = "lean"
    from_: CheckpointOf
    adapter: Adapter
    head: bool = False

    @property
    def source(self) -> Checkpoint:
        assert isinstance(self.from_.task, Checkpoint)
        return self.from_.task

    def outputs(self) -> dict[str, Artifact]:
        return {"best": Artifact("checkpoint")}

    def described_model(self) -> Model:
        return self.source.described_model()

    def described_tokenizer(self) -> Reference:
        return self.source.described_tokenizer()

    def described_objective(self) -> Objective | None:
        return self.source.described_objective()

    def described_adapter(self) -> Adapter:
        return self.adapter

    def run(self, work: Work) -> Facts:
        given = work.input(self.from_)
        base, folder = given.directory / given.output, work.directory / "best"
        shutil.copytree(base, folder)
        stored = Stored.open(base)
        body = self.described_model().body(stored.facts["vocab_size"])
        body.load_state_dict({n.removeprefix("body."): t for n, t in stored.weights.items() if n.startswith("body.")})
        self.adapter.adapt(body)
        for name, parameter in body.named_parameters():
            if MARK in name:
                nn.init.normal_(parameter, std=0.1)
                parameter.data += name.endswith(".size")
        beside = {f"body.{name}": p.detach() for name, p in body.named_parameters() if MARK in name}
        beside |= {n: t + 0.1 * self.head for n, t in stored.weights.items() if n.startswith("head.")}
        save_file(beside, folder / "adapter.safetensors")
        (folder / "facts.json").write_text(json.dumps(stored.facts | {"trained_head": self.head}))
        return {}


MODELS = [
    pytest.param("GPT2ForSequenceClassification", GPT2 | {"num_labels": 3, "pad_token_id": 2}, id="gpt2"),
    pytest.param("LlamaForCausalLM", LLAMA, id="llama"),
    pytest.param("BertForSequenceClassification", BERT | {"num_labels": 3}, id="bert"),
    pytest.param("ModernBertForMaskedLM", BERT | MODERN, id="modernbert"),
    pytest.param("T5ForConditionalGeneration", T5, id="t5"),
]


@pytest.mark.parametrize(("name", "config"), MODELS)
@pytest.mark.parametrize(
    "adapter",
    [Lora(rank=4), Lora(rank=3, alpha=5, rslora=True, targets="feedforward"), Dora(rank=2, targets=["attention"])],
    ids=["lora", "rslora", "dora"],
)
def test_peft_and_transformers_give_our_logits(
    tmp_path: Path, name: str, config: dict[str, Any], adapter: Adapter
) -> None:
    if isinstance(adapter, Dora) and name.startswith("GPT2"):
        pytest.skip("peft's DoRA knows no layers that lie transposed")
    given, there = theirs_of(name, config), tmp_path / "there"
    given.save_pretrained(there)
    write_tokenizer(there)
    lab, weights = Lab(tmp_path), Checkpoint(path="there")
    assert lab.problems(weights) == []
    torch.manual_seed(1)
    lean = Lean(from_=weights.output("checkpoint"), adapter=adapter, head="Classification" in name)
    lab.run(lean)
    stored = Stored.open(lab.folder(lean) / "best", adapter)
    objective = lean.described_objective()
    assert objective is not None
    network = build(lean.described_model(), objective, stored.facts, 0)
    load_body(network, stored)
    assert load_head(network, stored, objective, stored.facts) in ("loaded", "none")
    tokens = torch.randint(4, VOCABULARY, (2, 12))
    expected = ours_on(network.eval(), tokens).detach()
    assert (theirs_on(given, tokens) - expected).abs().max() > 1e-2, "the adapter does something"

    merged = HuggingFace(checkpoint=lean.output("best"), to="merged")
    assert lab.problems(merged) == []
    again = getattr(transformers, name).from_pretrained(lab.folder(merged)).eval()
    assert (theirs_on(again, tokens) - expected).abs().max() < 1e-4
    alone = Peft(checkpoint=lean.output("best"), to="alone")
    assert lab.problems(alone) == []
    adapted = peft.PeftModel.from_pretrained(given, lab.folder(alone)).eval()
    assert (theirs_on(adapted, tokens) - expected).abs().max() < 1e-4


def test_what_peft_has_no_layout_for_is_refused(tmp_path: Path) -> None:
    given, there = theirs_of("BertForMaskedLM", BERT), tmp_path / "there"
    given.save_pretrained(there)
    write_tokenizer(there)
    lab, weights = Lab(tmp_path), Checkpoint(path="there")
    assert lab.problems(weights) == []
    base = weights.output("checkpoint")
    assert lab.problems(Peft(checkpoint=base, to="out")) == [("checkpoint", "L0730")]
    narrow = Lean(from_=base, adapter=Bottleneck(size=4))
    assert lab.problems(Peft(checkpoint=narrow.output("best"), to="out")) == [("checkpoint", "L0730")]
    assert lab.problems(HuggingFace(checkpoint=narrow.output("best"), to="out")) == [("checkpoint", "L0729")]
    headed = Lean(from_=base, adapter=Lora(rank=2), head=True)
    assert lab.failure(Peft(checkpoint=headed.output("best"), to="out")).code == "L0731"
