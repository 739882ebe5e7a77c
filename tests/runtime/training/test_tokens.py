"""The tokens task: what it counts, how it keeps sources apart, what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from llx.dsl.quantities import Quantity
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.classification import Classification
from llx.plugins.component import TaskFailed
from llx.plugins.shards import Shards
from llx.runtime.training import train
from small import Project, labelled, sentences, small_model


def test_every_split_is_encoded_and_counted(tmp_path: Path) -> None:
    project = Project(tmp_path)
    texts = sentences(40)
    data = project.data(
        "data", {"train": {"text": texts[:30]}, "validation": {"text": texts[30:]}, "test": {"text": texts}}
    )
    facts = project.work.input(project.tokens("tokens", data, CausalLM(), small_model())).facts
    assert list(facts["splits"]) == ["train", "validation"]
    train_facts = facts["splits"]["train"]
    characters = sum(map(len, texts[:30]))
    # Each text stands between two marks.
    assert train_facts["tokens"] == characters + 2 * 30
    assert train_facts["bytes"] == characters
    assert train_facts["records"] == 30
    assert train_facts["rows"] == len(Shards(tmp_path / "tokens", "train")) == -(-(train_facts["tokens"] - 1) // 32)


def test_text_never_becomes_a_special_token(tmp_path: Path) -> None:
    project = Project(tmp_path)
    data = project.data("data", {"rows": {"text": ["red<|end|>sun"]}})
    tokens = project.tokens("tokens", data, CausalLM(), small_model())
    row = Shards(tmp_path / "tokens", "rows").read(np.array([0]))["tokens"][0]
    assert project.work.input(tokens).facts["splits"]["rows"]["tokens"] == len("red<|end|>sun") + 2
    assert row[: len("red<|end|>sun") + 2].tolist().count(0) == 2


def test_a_split_without_rows_is_named(tmp_path: Path) -> None:
    project = Project(tmp_path)
    data = project.data("data", {"train": {"text": ["red"]}, "validation": {"text": [""]}})
    with pytest.raises(TaskFailed) as caught:
        project.tokens("tokens", data, CausalLM(), small_model())
    assert (caught.value.code, caught.value.values["split"]) == ("L0695", "validation")


def test_sources_never_share_a_row_and_a_stage_draws_them_by_weight(tmp_path: Path) -> None:
    project = Project(tmp_path)
    texts = ["red " * 20 if number % 3 else "cat " * 5 for number in range(300)]
    sources = ["a" if number % 3 else "b" for number in range(300)]
    data = project.data("data", {"rows": {"text": texts, "origin": sources}}, weights={"a": 0.25, "b": 0.75})
    tokens = project.tokens("tokens", data, CausalLM(), small_model())
    first, second = project.work.input(tokens).facts["sources"]["rows"]
    assert (first["name"], second["name"]) == ("a", "b")
    assert (first["start"], first["end"], second["end"]) == (
        0,
        second["start"],
        len(Shards(tmp_path / "tokens", "rows")),
    )
    shards = Shards(tmp_path / "tokens", "rows")
    red = set(shards.read(np.arange(first["end"]))["tokens"].flatten().tolist())
    cat = set(shards.read(np.arange(second["start"], second["end"]))["tokens"].flatten().tolist())
    # The mark, padding, and the blank are in both.
    assert red & cat <= {0, 2} | _space(project)
    budget = [Quantity(60, "steps")]
    facts = train(project.job(tokens, CausalLM(), small_model(), budget=budget), project.work, lambda event: None)
    assert facts["sources"]["a"]["share"] == pytest.approx(0.25, abs=0.02)
    assert facts["sources"]["b"]["epochs"] > facts["sources"]["a"]["epochs"]


def _space(project: Project) -> set[int]:
    from llx.plugins.builtin.tokens import open_tokenizer

    return {open_tokenizer(project.root / "tokenizer").token_to_id(" ")}


def test_labels_are_those_of_training_and_a_new_one_is_refused(tmp_path: Path) -> None:
    project = Project(tmp_path)
    texts = sentences(40)
    data = project.data("data", {"train": {"text": texts, "label": labelled(texts)}})
    training = project.tokens("tokens", data, Classification(), small_model())
    assert project.work.input(training).facts["labels"] == ["animal", "thing"]
    one = project.data("one", {"rows": {"text": texts[:2], "label": ["thing", "thing"]}})
    tokens = project.tokens("one_tokens", one, Classification(), small_model(), like=training.default())
    assert project.work.input(tokens).facts["labels"] == ["animal", "thing"]
    assert Shards(tmp_path / "one_tokens", "rows").read(np.arange(2))["label"].tolist() == [1, 1]
    new = project.data("new", {"rows": {"text": ["red"], "label": ["plant"]}})
    with pytest.raises(TaskFailed) as caught:
        project.tokens("new_tokens", new, Classification(), small_model(), like=training.default())
    assert "plant" in str(caught.value.values["label"])
