"""Data made of data: what is in which split, and that it stays there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llx.dsl.program import Reference
from llx.plugins.api import Quantity
from llx.plugins.builtin.data.aozora import without_marks
from llx.plugins.builtin.data.clean import Clean
from llx.plugins.builtin.data.jsonl import JsonLines
from llx.plugins.builtin.data.mix import Mix
from llx.plugins.builtin.data.split import Split
from llx.plugins.builtin.data.splits import Splits
from llx.plugins.builtin.data.take import Take

from .work import Lab

AOZORA = """吾輩は猫である
夏目漱石

-------------------------------------------------------
【テキスト中に現れる記号について】
《》：ルビ
｜：ルビの付く文字列の始まりを特定する記号
-------------------------------------------------------

［＃８字下げ］一［＃「一」は中見出し］

　吾輩《わがはい》は猫である。一番｜獰悪《どうあく》な※［＃「言＋墟のつくり」、第4水準2-88-74］種族。《》

底本：「夏目漱石全集1」ちくま文庫、筑摩書房
　　　1987（昭和62）年9月29日第1刷発行
"""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def data(lab: Lab, rows: list[Any], name: str = "a", **fields: Any) -> Reference:
    """Store rows, texts or records, as data."""
    records = [row if isinstance(row, dict) else {"text": row} for row in rows]
    (lab.root / f"{name}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    columns = {key: key for key in records[0] if key not in ("text", "label")}
    label = "label" if "label" in records[0] else None
    return JsonLines(path=f"{name}.jsonl", columns_=columns, label=label, **fields).default()


def texts(count: int, start: int = 0) -> list[str]:
    return [f"document {number}" for number in range(start, start + count)]


def sides(lab: Lab, task: Split) -> dict[str, str]:
    lab.run(task)
    return {text: split for split in task.splits for text in lab.texts(task, split)}


def test_added_documents_move_no_other(lab: Lab) -> None:
    before = sides(lab, Split(data=data(lab, texts(400)), validation=0.1, test=0.2))
    grown = ["a new one", *texts(400), *texts(300, 400)]
    after = sides(lab, Split(data=data(lab, grown, "b"), validation=0.1, test=0.2))
    assert {text: after[text] for text in before} == before
    assert set(before.values()) == {"train", "validation", "test"}


def test_the_split_is_the_one_it_was(lab: Lab) -> None:
    """Hold the hash itself: another would move the documents of every experiment."""
    task = Split(data=data(lab, texts(24)), validation=0.25, test=0.25)
    facts = lab.run(task)
    assert facts["rows"] == {"train": 17, "validation": 4, "test": 3}
    assert [int(text.split()[1]) for text in lab.texts(task, "test")] == [6, 10, 12]


def test_shares_are_near_the_fractions_for_each_label(lab: Lab) -> None:
    rows = [{"text": text, "label": "ab"[number % 2]} for number, text in enumerate(texts(4000))]
    task = Split(data=data(lab, rows), validation=0.1, test=0.2)
    lab.run(task)
    for split, share in (("validation", 0.1), ("test", 0.2)):
        for label in "ab":
            count = sum(row["label"] == label for row in lab.rows(task, split))
            assert abs(count / 2000 - share) < 0.03


def test_neither_fraction_moves_the_other_split(lab: Lab) -> None:
    source = data(lab, texts(300))
    one = sides(lab, Split(data=source, validation=0.1, test=0.2))
    other = sides(lab, Split(data=source, validation=0.3, test=0.2))
    assert {text for text in one if one[text] == "test"} == {text for text in other if other[text] == "test"}
    assert {text for text in one if one[text] == "validation"} < {text for text in other if other[text] == "validation"}


def test_seeds_differ(lab: Lab) -> None:
    source = data(lab, texts(200))
    assert sides(lab, Split(data=source, test=0.5)) != sides(lab, Split(data=source, test=0.5, seed=1))


def test_groups_and_equal_texts_stay_together(lab: Lab) -> None:
    rows = [{"text": text, "book": f"book {number % 30}"} for number, text in enumerate(texts(600))]
    task = Split(data=data(lab, rows), validation=0.2, test=0.2, by="book")
    lab.run(task)
    books = {split: {row["book"] for row in lab.rows(task, split)} for split in task.splits}
    assert sum(len(found) for found in books.values()) == 30
    twice = Split(data=data(lab, texts(100) * 2, "b"), test=0.5)
    lab.run(twice)
    assert not set(lab.texts(twice, "train")) & set(lab.texts(twice, "test"))


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0, 1),
    st.floats(0, 0.99).flatmap(lambda test: st.tuples(st.just(test), st.floats(0, 0.99 - test))),
)
def test_every_row_is_in_one_split(share: float, fractions: tuple[float, float]) -> None:
    test, validation = fractions
    source = JsonLines(path="a.jsonl").default()
    task = Split(data=source, validation=validation, test=test)
    assert task.split_of(min(share, 1 - 2**-53)) in task.splits


def test_wrong_splits(lab: Lab) -> None:
    source = data(lab, texts(20))
    assert lab.problems(Split(data=source, validation=0.5, test=0.6)) == [("test", "L0643")]
    assert lab.problems(Split(data=source)) == [(None, "L0644")]
    assert lab.problems(Split(data=source, test=0.5, by="txt")) == [("by", "L0640")]
    failed = lab.failure(Split(data=source, validation=0.001, test=0.2))
    assert (failed.code, failed.field, failed.values["split"]) == ("L0641", "validation", "validation")


def test_a_split_of_a_split_and_rows_of_one(lab: Lab) -> None:
    first = Split(data=data(lab, texts(200)), test=0.5)
    second = Split(data=first.output("train"), validation=0.5)
    lab.run(second)
    assert set(lab.texts(second, "train")) | set(lab.texts(second, "validation")) == set(lab.texts(first, "train"))
    # What one split chose says nothing of what the next one does.
    assert 0.3 < len(lab.texts(second, "validation")) / len(lab.texts(first, "train")) < 0.7


def test_clean(lab: Lab) -> None:
    rows = [" a long one ", "short", "", "a long one", "ＡＢＣ ﾊﾝｶｸ text"]
    task = Clean(data=data(lab, rows), min_chars=6, normalise="nfkc", unique=True)
    assert lab.texts(task) == ["a long one", "ABC ハンカク text"]
    assert lab.run(task)["left_out"] == {"short": 2, "repeated": 1}
    assert lab.problems(Clean(data=data(lab, ["a"]), column="body")) == [("column", "L0640")]


def test_clean_maps_over_splits(lab: Lab) -> None:
    split = Split(data=data(lab, [f" {text} " for text in texts(50)]), test=0.3)
    task = Clean(data=split.default())
    assert task.splits == ("train", "test")
    assert set(task.outputs()) == {"dataset", "rows", "train", "test"}
    lab.run(task)
    assert lab.texts(task, "test") == [text.strip() for text in lab.texts(split, "test")]
    rows = Clean(data=split.output("test"))
    assert rows.splits == ()
    assert lab.texts(rows) == lab.texts(task, "test")


def test_nothing_left(lab: Lab) -> None:
    assert lab.failure(Clean(data=data(lab, ["a", "b"]), min_chars=10)).code == "L0642"


def test_aozora() -> None:
    assert without_marks(AOZORA).strip() == "一\n\n　吾輩は猫である。一番獰悪な種族。"
    assert without_marks("ただの文｜です") == "ただの文です"


def test_aozora_in_pieces(lab: Lab) -> None:
    task = Clean(data=data(lab, AOZORA.split("\n\n")), aozora=True)
    found = "\n\n".join(lab.texts(task))
    assert "わがはい" not in found
    assert "［＃" not in found
    assert "底本" not in found


def test_splits_joins_files(lab: Lab) -> None:
    train = data(lab, [{"text": "a", "label": "x", "n": 1}], "train")
    test = data(lab, [{"n": 2, "text": "b", "label": "y"}], "test")
    task = Splits(train=train, test=test)
    assert task.columns == ("text", "label", "n")
    assert lab.rows(task, "test") == [{"text": "b", "label": "y", "n": "2"}]
    assert lab.run(task) == {"rows": {"train": 1, "test": 1}}
    assert lab.problems(Splits(train=train, test=data(lab, ["a"], "plain", text="text"))) == []


def test_mix(lab: Lab) -> None:
    a, b = data(lab, texts(3), "a"), data(lab, [{"text": "x", "label": "y"}], "b")
    task = Mix(sources={"a": a, "b": b}, weights={"a": 3, "b": 1})
    assert task.columns == ("text", "origin")
    assert [row["origin"] for row in lab.rows(task)] == ["a", "a", "a", "b"]
    assert lab.run(task) == {"rows": {"rows": 4}, "weights": {"a": 0.75, "b": 0.25}}
    split = Split(data=task.default(), test=0.5)
    assert lab(split) == {"weights": {"a": 0.75, "b": 0.25}}
    outer = Mix(sources={"m": task.default(), "c": data(lab, ["z"], "c")}, weights={"m": 1, "c": 1})
    assert lab.run(outer)["weights"] == {"m/a": 0.375, "m/b": 0.125, "c": 0.5}
    assert {row["origin"] for row in lab.rows(outer)} == {"m/a", "m/b", "c"}
    assert "weights" not in lab.run(Mix(sources={"a": a, "b": b}))


def test_a_mixture_of_pairs_keeps_their_sources(lab: Lab) -> None:
    one = data(lab, [{"source": "ein Hund", "target": "a dog"}], "one", text=None)
    other = data(lab, [{"source": "eine Katze", "target": "a cat"}], "other", text=None)
    rows = lab.rows(Mix(sources={"animals": one, "pets": other}, weights={"animals": 1, "pets": 1}))
    assert rows == [
        {"source": "ein Hund", "target": "a dog", "origin": "animals"},
        {"source": "eine Katze", "target": "a cat", "origin": "pets"},
    ]


def test_pairs_with_the_same_target_are_split_by_both_texts(lab: Lab) -> None:
    pairs = data(lab, [{"source": str(number), "target": "yes"} for number in range(100)], text=None)
    split = lab.run(Split(data=pairs, validation=0.5))["rows"]
    assert min(split.values()) > 20


def test_wrong_mixtures(lab: Lab) -> None:
    a, b = data(lab, texts(30), "a"), data(lab, ["x"], "b")
    assert lab.problems(Mix(sources={"a": a, "b": b}, weights={"a": 1})) == [("weights", "L0646")]
    assert lab.problems(Mix(sources={"a": a}, weights={"a": 1, "c": 2})) == [("weights", "L0647")]
    split = Split(data=a, test=0.5).default()
    assert lab.problems(Mix(sources={"a": split, "b": b})) == [("sources", "L0648")]
    labels = data(lab, [{"text": "x", "label": "y"}], "c", text=None)
    assert lab.problems(Mix(sources={"a": a, "c": labels})) == [("sources", "L0645")]


def test_a_mixture_of_split_data(lab: Lab) -> None:
    a, b = (Split(data=data(lab, texts(40, start), str(start)), test=0.5) for start in (0, 100))
    task = Mix(sources={"a": a.default(), "b": b.default()})
    assert task.splits == ("train", "test")
    assert set(lab.texts(task, "test")) == {*lab.texts(a, "test"), *lab.texts(b, "test")}


@pytest.mark.parametrize(
    ("amount", "taken"), [(40, (10, 30)), (1, (0, 1)), (3, (1, 2)), (9999, (50, 150)), (1100, (50, 150))]
)
def test_take_the_first_of_each_source(lab: Lab, amount: int, taken: tuple[int, int]) -> None:
    sources = {"a": data(lab, texts(50)), "b": data(lab, texts(150, 50), "b")}
    mixed = Mix(sources=sources, weights={"a": 1, "b": 1})
    assert lab.texts(Take(data=mixed.default(), amount=Quantity(amount, "examples"))) == [
        *texts(taken[0]),
        *texts(taken[1], 50),
    ]


def test_take(lab: Lab) -> None:
    source = data(lab, texts(3000))
    assert lab.texts(Take(data=source, amount=Quantity(5, "examples"))) == texts(5)
    assert len(lab.texts(Take(data=source, amount=Quantity(2000, "examples")))) == 2000
    tenth, fifth = (set(lab.texts(Take(data=source, amount=share))) for share in (0.1, 0.2))
    assert tenth < fifth
    assert 230 < len(tenth) < 370
    # A share of a test split is not all of it: the two choices are independent.
    split = Split(data=source, test=0.1)
    assert 10 < len(lab.texts(Take(data=split.output("test"), amount=0.1))) < 60


def test_a_share_of_a_share(lab: Lab) -> None:
    half = Take(data=data(lab, texts(2000)), amount=0.5)
    quarter = Take(data=half.default(), amount=0.5)
    assert 400 < len(lab.texts(quarter)) < 600


def test_by_goes_with_a_share(lab: Lab) -> None:
    source = data(lab, texts(3))
    assert lab.problems(Take(data=source, amount=Quantity(1, "examples"), by="text")) == [("by", "L0649")]
    assert lab.problems(Take(data=source, amount=0.5, by="txt")) == [("by", "L0640")]


def test_large_data_is_written_in_groups_and_in_order(lab: Lab) -> None:
    task = Clean(data=data(lab, texts(20_000)))
    assert lab.texts(task) == texts(20_000)
    assert pyarrow.parquet.ParquetFile(lab.folder(task) / "rows.parquet").num_row_groups > 1


def test_the_same_rows_give_the_same_bytes(lab: Lab) -> None:
    source = data(lab, texts(3000))
    one, other = Split(data=source, test=0.5), Split(data=source, test=0.5)
    for split in ("train", "test"):
        file = f"{split}.parquet"
        assert (lab.folder(one) / file).read_bytes() == (lab.folder(other) / file).read_bytes()
