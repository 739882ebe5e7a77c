"""More tokens than a checkpoint was trained with: their weights begin as the mean of their pieces'."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from llx.dsl.program import Reference
from llx.dsl.types import Artifact
from llx.plugins.api import Facts, Model, Objective, TokenizerTask, Trained, Work
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.model.encoder import Encoder
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.classification import Classification
from llx.plugins.builtin.objective.masked_lm import MaskedLM
from llx.plugins.builtin.tokenizer.added import stands_alone
from llx.plugins.builtin.weights.extend import Extend
from llx.plugins.nn.network import Network
from llx.runtime.training.build import stored_network
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from .work import Lab

ENGLISH = ["the cat sat on the mat and the dog lay under the old oak tree", "rain fell on the red roof"] * 4
JAPANESE = ["吾輩は猫である。名前はまだ無い。", "猫である吾輩は、名前を持たない。"]
SIZES: dict[str, Any] = {"layers": 1, "hidden_size": 16, "heads": 2, "context_length": 32}


def byte_level(texts: list[str], size: int) -> Tokenizer:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    special = ["<|end|>", "<|mask|>", "<|pad|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=size, special_tokens=special, initial_alphabet=alphabet)
    )
    return made


def uncased(texts: list[str]) -> Tokenizer:
    """Make a tokenizer as BERT's: without case and marks, with an unknown token."""
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[SEP]", "[MASK]"]
    made.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=80, special_tokens=special))
    return made


class Stored(Trained):
    """A checkpoint that a test wrote."""

    kind: ClassVar[str] = "weights"
    name: ClassVar[str] = "stored"
    model: Model
    objective: Objective | None
    file: str
    rows: int

    def outputs(self) -> dict[str, Artifact]:
        return {"checkpoint": Artifact("checkpoint"), "tokenizer": Artifact("tokenizer")}

    def described_model(self) -> Model:
        return self.model

    def described_objective(self) -> Objective | None:
        return self.objective

    def described_tokenizer(self) -> Reference:
        return self.output("tokenizer")

    def run(self, work: Work) -> Facts:
        folder = work.directory / "checkpoint"
        folder.mkdir()
        tokenizer = Tokenizer.from_file(self.file)
        tokenizer.save(str(folder / "tokenizer.json"))
        facts = {"vocab_size": self.rows, "roles": {"end": 2, "mask": 3, "pad": 0}, "labels": ["a", "b"]}
        torch.manual_seed(0)
        body = self.model.body(self.rows)
        network = Network(body, self.objective.head(self.model.shape, body, facts) if self.objective else None)
        save_file(dict(network.named_parameters()), folder / "model.safetensors")
        head = self.objective.tells_apart(facts) if self.objective else None
        kept = {"format": 1, "objective": self.objective.name if self.objective else None, "head": head, **facts}
        (folder / "facts.json").write_text(json.dumps(kept))
        return facts


class Learned(TokenizerTask):
    """A tokenizer that a test wrote."""

    name: ClassVar[str] = "learned"
    file: str

    def run(self, work: Work) -> Facts:
        Tokenizer.from_file(self.file).save(str(work.directory / "tokenizer.json"))
        return {"vocab_size": 1, "roles": {"end": 0, "mask": 1, "pad": 2}}


def stored(root: Path, tokenizer: Tokenizer, model: Model, objective: Objective | None, spare: int = 0) -> Stored:
    tokenizer.save(str(root / "own.json"))
    rows = tokenizer.get_vocab_size() + spare
    return Stored(model=model, objective=objective, file=str(root / "own.json"), rows=rows)


def opened(lab: Lab, task: Any) -> tuple[Network, Tokenizer, dict[str, Any]]:
    folder = lab.folder(task) / "checkpoint"
    network, found = stored_network(task.described_model(), task.described_objective() or MaskedLM(), folder)
    assert network is not None
    return network, Tokenizer.from_file(str(folder / "tokenizer.json")), found.facts


OBJECTIVES: list[tuple[Callable[..., Model], dict[str, Any], Objective]] = [
    (Decoder, {}, CausalLM()),
    (Decoder, {"tied_embeddings": False}, CausalLM()),
    (Encoder, {}, MaskedLM()),
    (Encoder, {"tied_embeddings": False}, MaskedLM()),
    (Encoder, {}, Classification()),
]


@pytest.mark.parametrize("spare", [0, 3])
@pytest.mark.parametrize(("kind", "fields", "objective"), OBJECTIVES)
def test_new_rows_are_the_means_of_their_pieces_and_the_old_ones_stay(
    tmp_path: Path, kind: Callable[..., Model], fields: dict[str, Any], objective: Objective, spare: int
) -> None:
    source = stored(tmp_path, byte_level(ENGLISH, 290), kind(**SIZES, **fields), objective, spare)
    lab = Lab(tmp_path)
    task = Extend(from_=source.default(), tokens=["<question>", "catdog"])
    assert lab.problems(task) == []
    assert lab.run(task)["vocab_size"] == max(source.rows, source.rows - spare + 2)
    before, own, _ = opened(lab, source)
    after, wider, facts = opened(lab, task)
    assert facts["vocab_size"] == after.body.embedding.num_embeddings == lab.run(task)["vocab_size"]
    for token in task.tokens:
        pieces = own.encode(token, add_special_tokens=False).ids
        [number] = wider.encode(token, add_special_tokens=False).ids
        assert len(pieces) > 1
        mean = before.body.embedding.weight[pieces].mean(dim=0)
        torch.testing.assert_close(after.body.embedding.weight[number], mean)
        if not isinstance(objective, Classification):
            rows = (before.head.weight[pieces].mean(dim=0), after.head.weight[number])
            torch.testing.assert_close(*rows)
            assert (after.head.weight is after.body.embedding.weight) is bool(fields.get("tied_embeddings", True))
        if isinstance(objective, MaskedLM):
            assert after.head.bias.shape == (facts["vocab_size"],)
    tokens = torch.tensor([own.encode(ENGLISH[0], add_special_tokens=False).ids])
    assert wider.encode(ENGLISH[0], add_special_tokens=False).ids == tokens[0].tolist()
    torch.testing.assert_close(after.hidden({"tokens": tokens}), before.hidden({"tokens": tokens}))


def test_japanese_words_come_onto_an_english_model(tmp_path: Path) -> None:
    source = stored(tmp_path, byte_level(ENGLISH, 290), Decoder(**SIZES), CausalLM())
    byte_level(JAPANESE * 8, 330).save(str(tmp_path / "ja.json"))
    lab = Lab(tmp_path)
    task = Extend(from_=source.default(), tokenizer=Learned(file=str(tmp_path / "ja.json")).default())
    found = lab.run(task)
    own = Tokenizer.from_file(source.file)
    _, wider, _ = opened(lab, task)
    assert found["added"] >= 10
    for text in JAPANESE:
        fewer, more = wider.encode(text, add_special_tokens=False).ids, own.encode(text, add_special_tokens=False).ids
        assert len(fewer) < len(more) / 3
        assert wider.decode(fewer) == text
    assert wider.encode(ENGLISH[0]).ids == own.encode(ENGLISH[0]).ids


def test_marks_of_other_scripts_are_kept_where_a_tokenizer_drops_those_of_its_own(tmp_path: Path) -> None:
    source = stored(tmp_path, uncased(ENGLISH), Encoder(**SIZES), MaskedLM())
    lab = Lab(tmp_path)
    task = Extend(from_=source.default(), tokens=["Oakroof", "が", "か", "猫"])
    lab.run(task)
    _, wider, _ = opened(lab, task)
    found = wider.encode("oakroof がか猫 OAKROOF oakroofs", add_special_tokens=False).ids
    new = [wider.token_to_id(token) for token in ("Oakroof", "が", "か", "猫", "Oakroof")]
    assert found[:5] == new
    assert new[0] not in found[5:], "a word is found whole"
    notes = dict(lab.log.lines)
    assert notes["extend.unknown"]["names"] == ["が", "か", "猫"]


def test_what_is_known_is_told_and_nothing_new_ends_the_task(tmp_path: Path) -> None:
    source = stored(tmp_path, byte_level(ENGLISH, 290), Decoder(**SIZES), CausalLM())
    lab = Lab(tmp_path)
    task = Extend(from_=source.default(), tokens=["<x>", "<|pad|>", "<x>"])
    assert lab.run(task)["added"] == 1
    assert dict(lab.log.lines)["extend.known"]["names"] == ["<|pad|>"]
    assert lab.failure(Extend(from_=source.default(), tokens=["<|pad|>"])).code == "L0747"
    other = Learned(file=source.file).default()
    assert lab.failure(Extend(from_=source.default(), tokenizer=other)).code == "L0747"
    assert lab.problems(Extend(from_=source.default())) == [(None, "L0745")]
    both = Extend(from_=source.default(), tokens=["x", " "], tokenizer=other)
    assert lab.problems(both) == [("tokens", "L0745"), ("tokens", "L0746")]


@pytest.mark.parametrize(
    ("token", "alone"), [("cat", True), ("<x>", False), ("猫", False), ("である", False), ("ไทย", False), ("кот", True)]
)
def test_words_of_scripts_with_spaces_stand_alone(token: str, alone: bool) -> None:
    assert stands_alone(token) is alone
