"""Tokenizers from elsewhere that are none, or lack what a stage needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from .lab import Case, Content, judge

EXPERIMENT = """
experiment hostile { seed = 1 }
data books = text("book.txt", separator = "\\n") |> split(validation = 30%)
tokenizer given = load_tokenizer("tokenizer.json"MORE)
stage learn = train {
  model = decoder { layers = 1, hidden_size = 8, heads = 2, context_length = 16 }
  tokenizer = given
  data = books
  objective = causal_lm
  batch = 4 examples
  budget = 2 steps
}
"""
BOOK = "".join(f"It was dark and stormy, night {number}.\n" for number in range(40)) + "t" * 40 + "b\n"
FILE = '"tokenizer.json"'


def case(
    name: str, content: Content, code: str, *says: str, at: str = FILE, more: str = "", when: str = "check"
) -> Case:
    files: Mapping[str, Content] = {"book.txt": BOOK, "tokenizer.json": content}
    return Case(name, EXPERIMENT.replace("MORE", more), files, code, at, says or ("tokenizer.json",), when)


def tokenizer(**changes: object) -> str:
    content: dict[str, object] = {"version": "1.0", "added_tokens": [], "model": WORDS, "pre_tokenizer": None}
    return json.dumps(content | changes)


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 31)


WORDS = {"type": "WordLevel", "vocab": {"It": 0, "was": 1, "[UNK]": 2}, "unk_token": "[UNK]"}
CASES = [
    case("an empty file", b"", "L0671"),
    case("garbage", bytes(range(256)) * 20, "L0671"),
    case("a pickle", b"cos\nsystem\n(S'touch canary'\ntR.", "L0671"),
    case("a huge file", huge, "L0671", "MiB"),
    case("deep nesting", b"[" * 500_000, "L0671"),
    case("a list", b"[]", "L0671"),
    case("an object of another sort", b'{"model_type": "gpt2"}', "L0671"),
    case("a model that is a word", b'{"model": "BPE"}', "L0671"),
    case("a model that doesn't exist", tokenizer(model={"type": "Evil", "vocab": {}}), "L0671", when="run"),
    case("a vocabulary of nonsense", tokenizer(model={"type": "BPE", "vocab": 7, "merges": []}), "L0671", when="run"),
    case("merges of what isn't there", tokenizer(model={"type": "BPE", "vocab": {"a": 0}, "merges": ["x y"]}), "L0671",
         when="run"),
    case("a role that it doesn't have", tokenizer(), "L0673", "<end>", "`end`", at='"<end>"', more=', end = "<end>"'),
    case("a pattern that explodes", tokenizer(pre_tokenizer={"type": "Split", "pattern": {"Regex": "((("},
         "behavior": "Isolated", "invert": False}), "L0671", when="run"),
    case("no token at all", tokenizer(model={"type": "BPE", "vocab": {}, "merges": []}), "L0671", when="run"),
    case("a number of four billion", tokenizer(model=WORDS | {"vocab": {"[UNK]": 4_294_967_295}}), "L0671",
         "4294967295", when="run"),
    case("a table that makes the library panic", tokenizer(normalizer={"type": "Precompiled",
         "precompiled_charsmap": "AAAA"}), "L0671", when="run"),
    case("no token for the unknown", tokenizer(model=WORDS | {"unk_token": "[X]"}), "L0674", "[UNK]", at="given",
         when="run"),
    case("a pattern without end", tokenizer(normalizer={"type": "Replace", "pattern": {"Regex": "(t+)+$"},
         "content": "x"}), "L0674", "retry", at="given", when="run"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_tokenizer_that_is_none(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    judge(tmp_path, case)
