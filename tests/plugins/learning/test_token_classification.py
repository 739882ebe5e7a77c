"""Tags of words: pieces, windows, spans, and a model that learns them."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from llx.plugins.builtin.encoding.words import UNTAGGED, Words, windows, words_of
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.model.encoder import Encoder
from llx.plugins.builtin.objective.token_classification import TokenClassification
from llx.plugins.builtin.optimizer.adamw import AdamW
from llx.plugins.builtin.tags import Span, as_iob2, fault, in_order, spans
from llx.plugins.component import Facts, TaskFailed
from llx.plugins.models import Model
from llx.plugins.nn.network import Network
from llx.plugins.values import IGNORED

SIZES: dict[str, Any] = {"layers": 1, "hidden_size": 32, "heads": 4, "context_length": 24}
TAGS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
RECORDS = [
    {"tokens": ["Mary", "Smith", "went", "to", "Paris"], "tags": ["B-PER", "I-PER", "O", "O", "B-LOC"]},
    {"tokens": ["rain", "fell"], "tags": ["O", "O"]},
    {"tokens": ["New", "York", "saw", "Jim", "Ann"], "tags": ["B-LOC", "I-LOC", "O", "B-PER", "B-PER"]},
    {"tokens": ["old", "Tom", "sat"] * 12, "tags": ["O", "B-PER", "O"] * 12},
]


def network_of(model: Model, objective: TokenClassification, facts: Facts) -> Network:
    torch.manual_seed(0)
    body = model.body(facts["vocab_size"])
    return Network(body, objective.head(model.shape, body, facts))


def numbered(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**record, "_record": number} for number, record in enumerate(records)]


@pytest.mark.parametrize(
    ("tags", "scheme", "expected"),
    [
        ("B-A I-A O B-A B-A", "iob2", None),
        ("O I-A", "iob2", 1),
        ("B-A I-B", "iob2", 1),
        ("I-A", "iob2", 0),
        ("I-A I-A B-A O I-B", "iob1", None),
        ("B-", "iob2", 0),
        ("NN VB", "iob2", 0),
        ("NN VB I-A", "none", None),
    ],
)
def test_tags_that_can_stand_where_they_do(tags: str, scheme: Any, expected: int | None) -> None:
    assert fault(tags.split(), scheme) == expected


def test_iob1_says_the_same_otherwise() -> None:
    tags = ["I-A", "I-A", "B-A", "O", "I-B", "I-A"]
    assert as_iob2(tags) == ["B-A", "I-A", "B-A", "O", "B-B", "B-A"]


def test_both_tags_of_a_sort_are_known_though_one_occurs() -> None:
    assert in_order(["B-PER", "O", "I-LOC"], "iob2") == TAGS
    assert in_order(["VB", "NN"], "none") == ["NN", "VB"]


@given(some.lists(some.sampled_from([*TAGS, "I-X"]), max_size=12))
def test_spans_are_those_of_seqeval(tags: list[str]) -> None:
    seqeval = pytest.importorskip("seqeval.metrics.sequence_labeling")
    expected = [Span(kind, first, last + 1) for kind, first, last in seqeval.get_entities(tags)]
    assert spans(tags) == expected


@given(some.lists(some.integers(1, 9), min_size=1, max_size=60), some.integers(9, 30), some.integers(0, 30))
def test_windows_hold_all_words_and_each_has_its_tag_in_one(sizes: list[int], room: int, overlap: int) -> None:
    overlap = min(overlap, room // 2)
    found = list(windows(sizes, room, overlap))
    owned = [number for _, _, own, behind in found for number in range(own, behind)]
    assert owned == list(range(len(sizes)))
    for first, behind, own, own_behind in found:
        assert first <= own <= own_behind <= behind
        assert sum(sizes[first:behind]) <= room
    for (first, behind, *_), (following, *_) in pairwise(found):
        assert first < following <= behind
        assert sum(sizes[following:behind]) <= overlap or following == first + 1


def test_pieces_are_those_of_running_text(tokenizer: Any, rows: Any) -> None:
    """The separator before a word belongs to it, so that the model reads what it has read in pre-training."""
    row = rows(Words(length=64), [])
    words = ["the", "cat", "sat"]
    facts = {"labels": ["NN", "VB"]}
    record = {"tokens": words, "tags": ["NN", "NN", "VB"], "_record": 0}
    row = next(Words(length=64, scheme="none").rows([record], tokenizer, {"end": 0}, facts))
    text = tokenizer.encode("the cat sat", add_special_tokens=False).ids
    assert row["tokens"].tolist() == [0, *text, 0]
    japanese = next(Words(length=64, scheme="none", separator="").rows([record], tokenizer, {"end": 0}, facts))
    apart = [id for word in words for id in tokenizer.encode(word, add_special_tokens=False).ids]
    assert japanese["tokens"].tolist() == [0, *apart, 0]


@pytest.mark.parametrize("tagged", ["first", "last", "all"])
def test_which_piece_of_a_word_carries_its_tag(tokenizer: Any, tagged: Any) -> None:
    record = {"tokens": ["Mary", "cat"], "tags": ["B-PER", "O"], "_record": 0}
    sizes = [len(tokenizer.encode(word, add_special_tokens=False).ids) for word in ("Mary", " cat")]
    assert sizes[0] > 1
    read = "first" if tagged == "all" else tagged
    row = next(Words(length=64, tagged=tagged, read=read).rows([record], tokenizer, {"end": 0}, {"labels": TAGS}))
    first = {"first": [4] + [0] * (sizes[0] - 1), "last": [0] * (sizes[0] - 1) + [4], "all": [4] * sizes[0]}[tagged]
    assert row["tags"].tolist()[1 : 1 + sizes[0]] == first
    assert row["words"].tolist().count(1) == 1
    assert row["tags"].tolist()[0] == row["tags"].tolist()[-1] == 0, "marks carry none"


def test_a_word_of_nothing_and_one_beyond_the_row_keep_their_place(tokenizer: Any) -> None:
    record = {"tokens": ["", "x" * 90, "cat"], "tags": ["O", "B-PER", "O"], "_record": 0}
    made = list(Words(length=12, separator="").rows([record], tokenizer, {"end": 0}, {"labels": TAGS}))
    assert sorted(word for row in made for word in row["words"].tolist() if word) == [1, 2, 3]
    assert all(len(row["tokens"]) <= 12 for row in made)


BAD = [
    ({"tokens": '["a", "b"]', "tags": '["O"]'}, "L0756"),
    ({"tokens": "[]", "tags": "[]"}, "L0757"),
    ({"tokens": "a b", "tags": '["O", "O"]'}, "L0757"),
    ({"tokens": "[1]", "tags": '["O"]'}, "L0757"),
    ({"tokens": '["a"]', "tags": None}, "L0757"),
    ({"tokens": '["a", "b"]', "tags": '["O", "I-X"]'}, "L0759"),
    ({"tokens": '["a", "b"]', "tags": '["O", "O"]'}, "L0512"),
]


@pytest.mark.parametrize(("record", "code"), BAD)
def test_records_that_can_not_be_tagged(record: dict[str, Any], code: str) -> None:
    with pytest.raises(TaskFailed) as failed:
        Words(length=12).collect(numbered([record]))
    assert failed.value.code == code


def test_the_line_of_a_wrong_tag_is_named_where_the_data_knows_it() -> None:
    record = {"tokens": '["a", "b"]', "tags": '["O", "I-X"]', "line": "7"}
    with pytest.raises(TaskFailed) as failed:
        Words(length=12).collect(numbered([record]))
    assert failed.value.code == "L0759.line"
    assert {
        "line": 8,
        "tag": '"I-X"',
        "word": '"b"',
        "before": '"O"',
        "record": 1,
    }.items() <= failed.value.values.items()


def test_a_tag_that_training_never_saw(tokenizer: Any) -> None:
    records = numbered([{"tokens": '["a"]', "tags": '["B-X"]'}])
    with pytest.raises(TaskFailed) as failed:
        list(Words(length=12).rows(records, tokenizer, {"end": 0}, {"labels": TAGS}))
    assert failed.value.code == "L0758"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Mary Smith's U-2.", ["Mary", "Smith", "'", "s", "U", "-", "2", "."]),
        ("2005年7月、南アフリカ共和国で", ["2005", "年", "7", "月", "、", "南", "アフリカ", "共和国", "で"]),
    ],
)
def test_a_text_without_words_is_cut_where_its_characters_change(text: str, words: list[str]) -> None:
    assert words_of({"tokens": text, "tags": UNTAGGED, "_record": 0}) == words


@pytest.fixture(params=[Encoder(**SIZES), Decoder(**SIZES)], ids=["encoder", "decoder"])
def model(request: Any) -> Model:
    return request.param


@pytest.mark.parametrize("tagged", ["auto", "all"])
def test_a_model_learns_tags_and_gives_them_back_to_their_words(
    model: Model, tokenizer: Any, facts: Facts, together: Any, tensors: Any, tagged: Any
) -> None:
    """Records of several windows included; a decoder knows a name by its own letters."""
    objective = TokenClassification(tagged=tagged, dropout=0.0)
    encoding = objective.encoding(model.shape)
    records = numbered(RECORDS)
    known = {**facts, **encoding.collect(records)}
    assert known["labels"] == TAGS
    made = list(encoding.rows(records, tokenizer, facts["roles"], known))
    assert len([row for row in made if row["record"] == 3]) > 2, "windows"
    batch = objective.prepare(together(made), np.random.default_rng(0), known)
    words = sum(len(record["tokens"]) for record in RECORDS)
    assert objective.count(batch) == len(objective.targets(batch)) == words if tagged == "auto" else True
    net = network_of(model, objective, known)
    optimizer = AdamW(lr=1e-2, weight_decay=0).build(net)
    given = tensors(batch)
    for _ in range(120):
        optimizer.zero_grad()
        loss, _ = objective.loss(net, given)
        (loss / objective.count(batch)).backward()
        optimizer.step()
    net.eval()
    rows = [({"record": row["record"]}, one) for row, one in zip(made, objective.predict(net, given), strict=True)]
    joined = objective.join(rows, known, records)
    assert [one["tags"] for one in joined] == [record["tags"] for record in RECORDS]
    assert [one["prediction"] for one in joined] == [record["tags"] for record in RECORDS]
    told = objective.told(joined[0], known)
    assert [(one["label"], one["text"]) for one in told["prediction"]] == [("PER", "Mary Smith"), ("LOC", "Paris")]
    assert all(told["text"][one["start"] : one["end"]] == one["text"] for one in told["prediction"])


def test_micro_batches_add_up(model: Model, tokenizer: Any, facts: Facts, together: Any, tensors: Any) -> None:
    objective = TokenClassification()
    encoding = objective.encoding(model.shape)
    records = numbered(RECORDS)
    known = {**facts, **encoding.collect(records)}
    rows = list(encoding.rows(records, tokenizer, facts["roles"], known))
    batch = objective.prepare(together(rows), np.random.default_rng(0), known)
    assert (batch["targets"] != IGNORED).sum() == (batch["words"] > 0).sum()
    net = network_of(model, objective, known)
    net.eval()
    whole = objective.loss(net, tensors(batch))[0].item()
    parts = [
        objective.loss(net, tensors({name: array[part] for name, array in batch.items()}))[0].item()
        for part in (slice(0, 2), slice(2, None))
    ]
    assert sum(parts) == pytest.approx(whole, rel=1e-5)


def test_parts_of_speech_are_told_word_by_word() -> None:
    objective = TokenClassification(scheme="none")
    joined = {"tokens": ["the", "cat"], "prediction": ["DT", "NN"], "scores": [0.9, 0.8]}
    assert objective.told(joined, {})["prediction"][1] == {"label": "NN", "text": "cat", "score": 0.8}


def test_a_text_keeps_its_own_blanks(model: Model) -> None:
    joined = {
        "tokens": ["Mary", "Smith"],
        "text": "Mary\n Smith",
        "prediction": ["B-PER", "I-PER"],
        "scores": [0.9, 0.8],
    }
    assert TokenClassification().told(joined, {})["prediction"] == [
        {"label": "PER", "text": "Mary\n Smith", "start": 0, "end": 11, "score": 0.8}
    ]


def test_columns_hold_lists_as_json(tokenizer: Any) -> None:
    record = {name: json.dumps(value) for name, value in RECORDS[0].items()}
    row = next(Words(length=64).rows(numbered([record]), tokenizer, {"end": 0}, {"labels": TAGS}))
    assert [tag for tag in row["tags"].tolist() if tag] == [4, 5, 1, 1, 2]
