"""A tokenizer with a start token of its own: where it stands in rows."""

from __future__ import annotations

from typing import Any

from llx.plugins.builtin.encoding.packed import Packed
from llx.plugins.builtin.encoding.single import Single
from tokenizers import Tokenizer

ROLES = {"start": 1, "end": 0}


def rows_of(encoding: Any, tokenizer: Tokenizer, *records: dict[str, Any]) -> list[dict[str, Any]]:
    numbered = [record | {"_record": number} for number, record in enumerate(records)]
    return list(encoding.rows(numbered, tokenizer, ROLES, {"labels": ["a", "b"]}))


def test_documents_begin_with_the_start_token(tokenizer: Tokenizer) -> None:
    [row] = rows_of(Packed(length=40), tokenizer, {"text": "the cat"}, {"text": "the dog"})
    tokens, segments = row["tokens"].tolist(), row["segments"].tolist()
    for number in (1, 2):
        document = [token for token, segment in zip(tokens, segments, strict=True) if segment == number]
        assert (document[0], document[-1]) == (1, 0)
        assert {0, 1}.isdisjoint(document[1:-1])


def test_two_texts_are_told_apart_as_in_bert(tokenizer: Tokenizer) -> None:
    [row] = rows_of(Single(length=40, pair="more"), tokenizer, {"text": "the cat", "more": "the dog sat", "label": "a"})
    first, second = (tokenizer.encode(text, add_special_tokens=False).ids for text in ("the cat", "the dog sat"))
    assert row["tokens"].tolist() == [1, *first, 0, *second, 0]
    assert row["types"].tolist() == [0] * (len(first) + 2) + [1] * (len(second) + 1)
    assert "types" not in rows_of(Single(length=40), tokenizer, {"text": "the cat", "label": "a"})[0]
