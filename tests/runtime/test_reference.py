"""The reference is what the code says: pages as they would be written now, examples that check, both languages whole."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from llx.dsl.check import check
from llx.dsl.source import Source
from llx.plugins.about import about, about_field, about_kind
from llx.plugins.messages.ja_components import COMPONENTS
from llx.plugins.messages.ja_fields import FIELDS
from llx.plugins.registered import Registered
from llx.plugins.registry import Registry
from llx.runtime.reference import grammar
from llx.runtime.reference.pages import FOLDER, pages

README = Path(__file__).resolve().parents[2] / "docs" / "diagnostics" / "README.md"
REGISTRY = Registry()
EXPECTED = pages()
ALL = [found for kind in REGISTRY.kinds for _, found in sorted(REGISTRY.components(kind).items())]


def name(component: Registered) -> str:
    return f"{component.kind}.{component.name}"


def test_the_pages_are_as_they_would_be_written_now() -> None:
    made = pages()
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.md")}
    assert there == made.keys()
    stale = [page for page, text in made.items() if (FOLDER / page).read_text(encoding="utf-8") != text]
    assert stale == [], "python -m llx.runtime.reference writes them anew"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with the files that the examples read."""
    import pyarrow as pa
    from pyarrow import parquet

    (tmp_path / "llx.lock").touch()
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "novel.txt").write_text("It was a bright cold day in April.")
    (tmp_path / "reviews.csv").write_text("body,stars\nCould not put it down.,5\n")
    (tmp_path / "quiz.csv").write_text('question,choices,answer\nWho?,"[""A cat"", ""A dog""]",0\n')
    asked = {"id": "1", "question": "Who?", "answers": [{"text": "cat", "answer_start": 2}]}
    questions = {"data": [{"paragraphs": [{"context": "a cat", "qas": [asked]}]}]}
    (tmp_path / "train-v2.0.json").write_text(json.dumps(questions))
    (tmp_path / "train.ja").write_text("寒い。\n", encoding="utf-8")
    (tmp_path / "train.en").write_text("It is cold.\n")
    (tmp_path / "reviews.jsonl").write_text(json.dumps({"body": "Fine.", "stars": 4}) + "\n")
    (tmp_path / "names.txt").write_text("Mary B-PER\n")
    parquet.write_table(pa.table({"body": ["Fine."], "stars": ["4"]}), tmp_path / "reviews.parquet")
    (tmp_path / "tokenizer.json").write_text(
        json.dumps({"added_tokens": [], "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}})
    )
    _write_weights(tmp_path / "weights")
    return tmp_path


def _write_weights(folder: Path) -> None:
    """Write what a check looks at of weights: the configuration, a few tensors, and that the other files are there."""
    import gguf
    from safetensors.numpy import save_file

    (folder / "minilm").mkdir(parents=True)
    (folder / "minilm" / "config.json").write_text(json.dumps({"model_type": "bert", "vocab_size": 10}))
    (folder / "minilm" / "tokenizer.json").touch()
    table = {"embeddings.word_embeddings.weight": np.zeros((10, 768), np.float32)}
    save_file(table, folder / "minilm" / "model.safetensors")
    writer = gguf.GGUFWriter(folder / "smollm2.gguf", "llama")
    for add, value in (
        (writer.add_block_count, 2),
        (writer.add_embedding_length, 64),
        (writer.add_head_count, 4),
        (writer.add_feed_forward_length, 128),
        (writer.add_context_length, 64),
    ):
        add(value)
    writer.add_tensor("token_embd.weight", np.zeros((10, 64), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.mark.parametrize("component", ALL, ids=name)
def test_the_example_of_a_component_has_no_mistakes(component: Registered, folder: Path) -> None:
    usual = re.search(r"^```llx\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert usual is not None
    assert component.example, "a component shows how it is written"
    # A sweep varies a param of the file.
    text = f"param lr = 3e-4\n{usual[1]}{component.kind} example = {component.example}\n"
    result = check(Source("e.llx", text, folder / "e.llx"), Registry(), root=folder)
    assert [found for found in result.diagnostics if found.is_error] == []
    assert result.program is not None
    assert type(result.program.declarations["example"].value) is component.of


def test_everything_is_said_in_japanese_and_nothing_else() -> None:
    components = {*REGISTRY.kinds, *map(name, ALL), "experiment.experiment"}
    fields = {f"{name(one)}.{field}" for one in [*ALL, REGISTRY.experiment] for field in one.fields}
    assert sorted(components - COMPONENTS.keys()) == []
    assert sorted(COMPONENTS.keys() - components) == []
    assert sorted(fields - FIELDS.keys()) == []
    assert sorted(FIELDS.keys() - fields) == []


def test_what_is_said_is_in_the_language_asked_for() -> None:
    (adamw,) = (one for one in ALL if one.name == "adamw")
    assert about(adamw, "en").startswith("Adam with weight decay")
    assert about(adamw, "ja").startswith("勾配とは別に")
    assert about_field(adamw, "lr", "ja") == "スケジュールの頂点での学習率"
    assert about_field(adamw, "lr", "en") == adamw.fields["lr"].description
    assert about_kind("optimizer", "", "ja") == "重みが勾配にどう従うか"


def test_what_a_file_sees_speaks_the_language_of_its_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLX_LANG", "ja")
    registry = Registry()
    adamw = registry.components("optimizer")["adamw"]
    assert registry.kinds["optimizer"].description == "重みが勾配にどう従うか"
    assert adamw.description.startswith("勾配とは別に")
    assert adamw.fields["lr"].description == "スケジュールの頂点での学習率"
    assert adamw.fields["lr"].type == adamw.schema["lr"].type
    assert pages() == EXPECTED, "the pages don't depend on who writes them"


def test_the_grammar_page_names_every_rule_of_the_parser() -> None:
    written = {line.split(" = ")[0] for line in grammar.ebnf().split("\n") if " = " in line}
    of_the_parser = {
        re.sub(r"^\??_?(\w+?)_?$", r"\1", rule)
        for rule in re.findall(r"^(\??\w+):", grammar.GRAMMAR.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert written == of_the_parser | {"file", "comparison_sign"}
    used = set(re.findall(r"\b[a-z_]+\b", re.sub(r'"[^"]*"', "", grammar.ebnf())))
    assert used <= written


def test_precedence_is_in_the_order_of_the_contract() -> None:
    assert grammar.precedence() == [
        ["if", "then", "else"],
        ["|>"],
        ["with"],
        ["or"],
        ["and"],
        ["not"],
        ["==", "!=", "<=", ">=", "<", ">"],
        ["+", "-"],
        ["*", "/"],
        ["+", "-"],
    ]
