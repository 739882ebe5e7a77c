"""What the built-in tasks take in a smoke run: little, but of everything, and they say so."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from llx.plugins.api import Smoke, handful
from llx.plugins.builtin.data.csv import Csv
from llx.plugins.builtin.data.split import Split
from llx.plugins.builtin.data.text import TextFiles
from llx.plugins.builtin.encoding.packed import Packed
from llx.plugins.builtin.encoding.single import Single
from llx.plugins.builtin.tokenizer.characters import Characters
from llx.plugins.builtin.tokens import Tokens

from .work import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path)
    lab.smoke = Smoke()
    return lab


def records(*labels: str) -> list[dict[str, str]]:
    return [{"text": "x", "label": label} for label in labels]


def test_a_real_run_takes_everything() -> None:
    assert list(handful(records(*"aab"), None, 1)) == records(*"aab")


def test_the_first_records_and_some_of_each_label() -> None:
    smoke = Smoke()
    taken = list(handful(records(*"aaaaaabbbbcc"), smoke, 4, per_label=2))
    assert Counter(record["label"] for record in taken) == {"a": 4, "b": 2, "c": 2}
    assert smoke.was_cut


def test_nothing_is_cut_that_is_small_enough() -> None:
    smoke = Smoke()
    assert len(list(handful(records(*"aab"), smoke, 3))) == 3
    assert not smoke.was_cut


def test_bytes_count_too_and_one_record_is_always_there() -> None:
    smoke = Smoke()
    texts = [{"text": "x" * 100}, {"text": "y"}]
    assert list(handful(texts, smoke, 10, most_bytes=50)) == texts[:1]
    assert smoke.was_cut


def test_it_stops_looking_for_labels_at_some_point() -> None:
    smoke = Smoke()
    many = (record for record in records(*"a" * 1000, "b"))
    assert len(list(handful(many, smoke, 3))) == 3
    assert next(many)["label"] == "a", "the rest was not read"


def test_a_sorted_file_keeps_all_of_its_labels_in_every_split(lab: Lab) -> None:
    rows = [f"text {number},{label}" for label in "ab" for number in range(Smoke.rows)]
    (lab.root / "a.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    source = Csv(path="a.csv", label="label")
    assert lab.run(source)["rows"]["rows"] == Smoke.rows + 50
    assert lab.smoke is not None
    assert lab.smoke.was_cut
    split = Split(data=source.default(), validation=0.2)
    lab.run(split)
    for name in split.splits:
        assert {row["label"] for row in lab.rows(split, name)} == {"a", "b"}


def test_few_of_many_files(lab: Lab) -> None:
    for number in range(Smoke.files + 10):
        (lab.root / f"{number:04}.txt").write_text(f"text {number}")
    texts = lab.texts(TextFiles(path="*.txt"))
    assert len(texts) == Smoke.files
    assert texts[0] == "text 0"
    assert int(texts[-1].split()[1]) > Smoke.files


def test_a_tokenizer_learns_from_a_part_of_each_source(lab: Lab) -> None:
    line = "abcdefgh " * 1000
    (lab.root / "a.txt").write_text("\n".join([line] * 200 + ["ω"]))
    task = Characters(data=TextFiles(path="a.txt", separator="\n").default())
    facts = lab.run(task)
    assert Smoke.learned <= facts["bytes"] <= Smoke.learned + len(line)
    assert facts["vocab_size"] == 3 + 256 + 9, "the last text was not read"


def test_few_rows_are_encoded(lab: Lab) -> None:
    (lab.root / "a.txt").write_text("a long story. " * 2000)
    data = TextFiles(path="a.txt").default()
    letters = Characters(data=data).default()
    tokens = Tokens(data=data, tokenizer=letters, encoding=Packed(length=16))
    assert lab.run(tokens)["splits"]["rows"]["rows"] == Smoke.encoded
    rows = [f"text {number},{'abc'[number // 100]}" for number in range(300)]
    (lab.root / "b.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    labelled = Tokens(data=Csv(path="b.csv", label="label").default(), tokenizer=letters, encoding=Single(length=16))
    facts = lab.run(labelled)
    assert facts["labels"] == ["a", "b", "c"]
    assert facts["splits"]["rows"]["rows"] == Smoke.encoded + 4
