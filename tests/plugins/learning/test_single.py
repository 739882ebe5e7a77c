"""Records as rows: what is cut, and what a label becomes."""

from __future__ import annotations

from typing import Any

import pytest
from llx.plugins.builtin.encoding.single import Single, shared
from llx.plugins.component import TaskFailed
from tokenizers import Tokenizer


def encode(single: Single, tokenizer: Tokenizer, records: list[dict[str, Any]], labels: list[Any]) -> list[Any]:
    numbered = [record | {"_record": number} for number, record in enumerate(records)]
    return list(single.rows(numbered, tokenizer, {"end": 0}, {"labels": labels}))


def ids(tokenizer: Tokenizer, text: str) -> list[int]:
    return list(tokenizer.encode(text, add_special_tokens=False).ids)


def test_a_text_stands_between_end_tokens(tokenizer: Tokenizer) -> None:
    row = encode(Single(length=64), tokenizer, [{"text": "the cat", "label": "b"}], ["a", "b"])[0]
    assert row["tokens"].tolist() == [0, *ids(tokenizer, "the cat"), 0]
    assert row["segments"].tolist() == [1] * len(row["tokens"])
    assert (row["label"], row["record"]) == (1, 0)


@pytest.mark.parametrize("keep", ["start", "end"])
def test_what_is_too_long_is_cut_where_the_field_says(tokenizer: Tokenizer, keep: str) -> None:
    text = "the cat sat on the red roof under the oak"
    row = encode(Single(length=8, keep=keep), tokenizer, [{"text": text, "label": 1}], [0, 1])[0]
    whole = ids(tokenizer, text)
    assert row["tokens"].tolist() == [0, *(whole[:6] if keep == "start" else whole[-6:]), 0]


def test_two_texts_share_a_row(tokenizer: Tokenizer) -> None:
    record = {"text": "the cat sat on the mat", "other": "rain fell on the red roof", "label": True}
    row = encode(Single(length=9, pair="other"), tokenizer, [record], [False, True])[0]
    first, second = ids(tokenizer, record["text"])[:3], ids(tokenizer, record["other"])[:3]
    assert row["tokens"].tolist() == [0, *first, 0, *second, 0]


@pytest.mark.parametrize(
    ("room", "lengths", "expected"),
    [
        (10, [4], [4]),
        (10, [40], [10]),
        (10, [3, 7], [3, 7]),
        (10, [3, 40], [3, 7]),
        (10, [40, 3], [7, 3]),
        (10, [40, 40], [5, 5]),
        (11, [40, 40], [6, 5]),
        (11, [40, 6], [6, 5]),
        (0, [4, 4], [0, 0]),
    ],
)
def test_the_longer_text_is_cut_until_both_are_equal(room: int, lengths: list[int], expected: list[int]) -> None:
    assert shared(room, lengths) == expected


@pytest.mark.parametrize(
    ("labels", "expected"), [(["b", "a", "b"], ["a", "b"]), ([10, 9, 10], [9, 10]), ([True, False], [False, True])]
)
def test_labels_are_collected_in_their_order(labels: list[Any], expected: list[Any]) -> None:
    records = [{"text": "x", "label": label, "_record": number} for number, label in enumerate(labels)]
    counts = [labels.count(label) for label in expected]
    assert Single(length=8).collect(records) == {"labels": expected, "label_counts": counts}


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        ([None, "a"], "L0511"),
        (["", "a"], "L0511"),
        ([float("nan"), 1.0], "L0511"),
        (["a", "a"], "L0512"),
        (['["a", "b"]', "a"], "L0751"),
    ],
)
def test_labels_that_can_not_be_learned(labels: list[Any], code: str) -> None:
    records = [{"text": "x", "label": label, "_record": number} for number, label in enumerate(labels)]
    with pytest.raises(TaskFailed) as failed:
        Single(length=8).collect(records)
    assert failed.value.code == code


def test_a_label_never_seen_in_training_is_named_with_its_record(tokenizer: Tokenizer) -> None:
    records = [{"text": "x", "label": "a"}, {"text": "y", "label": "new"}]
    with pytest.raises(TaskFailed) as failed:
        encode(Single(length=8), tokenizer, records, ["a", "b"])
    assert failed.value.code == "L0513"
    assert failed.value.values == {"label": '"new"', "record": 2, "known": '"a", "b"'}


def test_any_number_of_labels_of_a_record(tokenizer: Tokenizer) -> None:
    single = Single(length=8, multi_label=True)
    records = [{"text": "x", "label": label} for label in (["b", "a", "b"], "[]", '["c"]')]
    numbered = [record | {"_record": number} for number, record in enumerate(records)]
    facts = single.collect(numbered)
    assert facts == {"labels": ["a", "b", "c"], "label_counts": [1, 1, 1]}
    rows = list(single.rows(numbered, tokenizer, {"end": 0}, facts))
    assert [row["label"].tolist() for row in rows] == [[1, 2], [], [3]]


@pytest.mark.parametrize(
    ("label", "code"), [("a", "L0752"), (None, "L0752"), ('["a"', "L0752"), ([None], "L0511"), ([["a"]], "L0511")]
)
def test_what_is_no_list_of_labels(label: Any, code: str) -> None:
    with pytest.raises(TaskFailed) as failed:
        Single(length=8, multi_label=True).collect([{"text": "x", "label": label, "_record": 0}])
    assert failed.value.code == code


def test_a_text_that_begins_like_a_list_is_a_label() -> None:
    records = [{"text": "x", "label": label, "_record": 0} for label in ("[sic]", "[a", "b")]
    assert Single(length=8).collect(records)["labels"] == ["[a", "[sic]", "b"]


def test_a_split_of_one_label_is_told(tokenizer: Tokenizer) -> None:
    def told(labels: list[str]) -> dict[str, int]:
        records = [{"text": "x", "label": label, "_record": number} for number, label in enumerate(labels)]
        rows = Single(length=8).rows(records, tokenizer, {"end": 0}, {"labels": ["a", "b"]})
        while True:
            try:
                next(rows)
            except StopIteration as ended:
                return dict(ended.value)

    assert told(["b", "b", "b"]) == {"labels.one": 3}
    assert told(["b", "a", "b"]) == {"labels.one": 0}
