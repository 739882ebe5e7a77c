"""Questions and windows of contexts as rows: offsets are those of the source, whatever the tokenizer does to it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from llx.plugins.builtin.encoding.windows import Windows
from llx.plugins.component import TaskFailed
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

ROLES = {"end": 0}

TEXTS = [
    "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。",
    "A cat named Café\u0301 sat on the  mat\nand ate 3½ fish; \U0001f469\u200d\U0001f467 saw\tit.",
    "株式㍿とﾊﾝｶｸのカ\u3099ラス①は、Ａｂｃ　と e\u0301 を含む。",
    "e\u0301a\u0308\u0323 \U0001f1ef\U0001f1f5 か\u3099き\u3099 ﬁne",
]


def byte_level(normalizer: Any = None) -> Tokenizer:
    made = Tokenizer(models.BPE())
    made.normalizer = normalizer
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=330, special_tokens=["<|end|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    made.train_from_iterator(TEXTS, trainer)
    return made


def unigram(normalizer: Any = None) -> Tokenizer:
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizer
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.train_from_iterator(
        TEXTS, trainers.UnigramTrainer(vocab_size=120, special_tokens=["<|end|>"], unk_token="<|end|>")
    )
    return made


TOKENIZERS = {
    "bytes": byte_level,
    "bytes nfkc": lambda: byte_level(normalizers.NFKC()),
    "bytes nfd lower": lambda: byte_level(normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase()])),
    "unigram nfkc": lambda: unigram(normalizers.NFKC()),
    "pieces": unigram,
}


def record(context: str, *answers: tuple[str, int], question: str = "what", **more: Any) -> dict[str, Any]:
    given = [{"text": text, "answer_start": start} for text, start in answers]
    return {"question": question, "context": context, "answers": json.dumps(given), **more}


def told(
    windows: Windows, tokenizer: Tokenizer, *records: dict[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Encode records; give the rows, and what is said of the records."""
    numbered = [one | {"_record": number} for number, one in enumerate(records)]
    rows: list[dict[str, Any]] = []
    made = windows.rows(numbered, tokenizer, ROLES, {})
    while True:
        try:
            rows.append(next(made))
        except StopIteration as end:
            return rows, {name.removeprefix("tokens."): count for name, count in end.value.items() if count}


def encode(windows: Windows, tokenizer: Tokenizer, *records: dict[str, Any]) -> list[dict[str, Any]]:
    return told(windows, tokenizer, *records)[0]


def pointed(row: dict[str, Any], context: str) -> str:
    return context[row["begins"][row["start"]] : row["ends"][row["end"]]]


@pytest.mark.parametrize("name", TOKENIZERS)
@pytest.mark.parametrize("text", TEXTS)
def test_every_answer_comes_back_as_it_was_written(name: str, text: str) -> None:
    """Each piece that begins and ends between characters that are no mark on another comes back, or counts as inexact."""
    tokenizer, windows = TOKENIZERS[name](), Windows(length=256)
    exact = 0
    for start in range(len(text)):
        for length in (1, 2, 5):
            answer = text[start : start + length]
            if answer != answer.strip() or not answer:
                continue
            [row], said = told(windows, tokenizer, record(text, (answer, start)))
            found = pointed(row, text)
            assert answer in found
            assert said == ({} if found == answer else {"inexact": 1})
            exact += found == answer
    # Bytes and single characters are tokens of their own here.
    assert exact > len(text) / 4


def test_offsets_are_those_of_the_source_where_characters_are_normalised() -> None:
    text = "㍿、ｶﾞｽ、か\u3099"
    asked = record(text, ("ｶﾞ", 2), ("か\u3099", 6))
    [row], said = told(Windows(length=128), byte_level(normalizers.NFKC()), asked)
    assert pointed(row, text) == "ｶﾞ"
    assert not said
    assert row["begins"][row["context"] == 1].min() == 0
    assert row["ends"].max() == len(text)


def test_windows_overlap_and_hold_every_token(tokenizer: Tokenizer) -> None:
    text = "the cat sat on the mat while rain fell on the red roof and the old dog lay under the tree"
    answer = text.index("rain fell")
    rows = encode(Windows(length=20, stride=5), tokenizer, record(text, ("rain fell", answer)))
    whole = tokenizer.encode(text, add_special_tokens=False)
    asked = tokenizer.encode("what", add_special_tokens=False).ids
    room = 20 - 3 - len(asked)
    assert len(rows) > 3
    for number, row in enumerate(rows):
        part = whole.ids[number * 5 : number * 5 + room]
        assert row["tokens"].tolist() == [0, *asked, 0, *part, 0]
        assert row["types"].tolist() == [0] * (len(asked) + 2) + [1] * (len(part) + 1)
        assert row["context"].sum() == len(part)
        if row["start"] >= 0:
            assert pointed(row, text) == "rain fell"
    assert rows[-1]["ends"].max() == len(text)
    assert 0 < sum(row["start"] >= 0 for row in rows) < len(rows)
    assert {row["record"] for row in rows} == {0}


def test_what_is_lost_is_counted_once_a_record(tokenizer: Tokenizer) -> None:
    text = "the cat sat on the mat while rain fell on the red roof"
    rows, said = told(Windows(length=12, stride=2), tokenizer, record(text, (text, 0)), record(text))
    assert len(rows) > 4
    assert said == {"lost": 1, "unanswered": 1}
    assert all(row["start"] == -1 for row in rows)
    short, said = told(Windows(length=10), tokenizer, record(text, question="what fell on the red roof of the house"))
    assert said == {"unanswered": 1, "questions_cut": 1}
    assert {len(row["tokens"]) for row in short[:-1]} == {10}


@pytest.mark.parametrize(
    ("bad", "code", "help"),
    [
        (record("a cat sat", ("cat", 3)), "L0761", "L0761.once"),
        (record("a cat, a cat", ("cat", 3)), "L0761", "L0761.several"),
        (record("a cat sat", ("Cat", 2)), "L0761", "L0761.nowhere"),
        (record("a cat sat", ("t", -1)), "L0761", "L0761.several"),
        (record(" ", question="who"), "L0762", "L0762.help"),
        (record("a cat", question="\n"), "L0762", "L0762.help"),
        (record("a cat", ("", 0)), "L0764", "L0764.help"),
        ({"question": "q", "context": "c", "answers": "cat"}, "L0765", "L0765.help"),
        ({"question": "q", "context": "c", "answers": '[{"text": "c"}]'}, "L0765", "L0765.help"),
        ({"question": None, "context": "c", "answers": None}, "L0515", "L0515.help"),
    ],
)
def test_what_is_wrong_is_told_of_its_record(tokenizer: Tokenizer, bad: dict[str, Any], code: str, help: str) -> None:
    with pytest.raises(TaskFailed) as failed:
        encode(Windows(length=32), tokenizer, record("fine"), bad)
    assert (failed.value.code, failed.value.help) == (code, help)
    told = failed.value.values.get("where")
    assert (told.values["record"] if told else failed.value.values["record"]) == 2


def test_ids_are_there_once(tokenizer: Tokenizer) -> None:
    with pytest.raises(TaskFailed, match="L0763"):
        encode(Windows(length=32), tokenizer, record("a", id="1"), record("b", id="2"), record("c", id="1"))


def test_one_answer_in_columns_of_its_own(tokenizer: Tokenizer) -> None:
    windows = Windows(length=32, answer_start="at")
    one = {"question": "who", "context": "a cat sat", "answer": "cat", "at": "2"}
    rows = encode(windows, tokenizer, one, {**one, "answer": None, "at": None})
    assert pointed(rows[0], one["context"]) == "cat"
    assert rows[1]["start"] == -1
    with pytest.raises(TaskFailed, match="L0765"):
        encode(windows, tokenizer, {**one, "at": "two"})
