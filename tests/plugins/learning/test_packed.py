"""Documents laid into rows: nothing lost, nothing twice."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llx.plugins.builtin.encoding import text as encoding_text
from llx.plugins.builtin.encoding.packed import Packed
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.component import TaskFailed
from llx.plugins.values import IGNORED
from tokenizers import Tokenizer

TEXTS = ["the cat sat on the mat. " * 9, "", "rain", "dogs and cats <|end|> and <|mask|>. " * 7, "吾輩は猫である。" * 5]


def encode(packed: Packed, tokenizer: Tokenizer, roles: dict[str, int], texts: list[str]) -> list[dict[str, Any]]:
    records = [{"text": text, "_record": number} for number, text in enumerate(texts)]
    return list(packed.rows(records, tokenizer, roles, {}))


def stream(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    """Give each document as the end token, its tokens, and the end token."""
    encoded = (tokenizer.encode(text, add_special_tokens=False).ids for text in texts)
    return [[0, *ids, 0] for ids in encoded if ids]


@pytest.mark.parametrize("length", [2, 7, 16, 1000])
def test_without_overlap_the_rows_are_the_documents(tokenizer: Tokenizer, facts: dict[str, Any], length: int) -> None:
    rows = encode(Packed(length=length), tokenizer, facts["roles"], TEXTS)
    tokens = [token for row in rows for token, segment in zip(row["tokens"], row["segments"], strict=True) if segment]
    assert tokens == [token for document in stream(tokenizer, TEXTS) for token in document]
    assert all(len(row["tokens"]) == len(row["segments"]) == length for row in rows)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(max_size=40), min_size=1, max_size=8), length=st.integers(2, 20))
def test_every_token_is_predicted_once_within_its_document(
    tokenizer: Tokenizer, facts: dict[str, Any], together: Any, texts: list[str], length: int
) -> None:
    documents = stream(tokenizer, texts)
    rows = encode(Packed(length=length + 1, overlap=1), tokenizer, facts["roles"], texts)
    if not documents:
        assert not rows
        return
    batch = CausalLM().prepare(together(rows), np.random.default_rng(0), facts)
    carries = batch["targets"] != IGNORED
    predicted = list(zip(batch["tokens"][carries], batch["targets"][carries], strict=True))
    assert predicted == [pair for document in documents for pair in pairwise(document)]
    assert CausalLM().count(batch) == len(predicted)


def test_segments_number_the_documents_of_a_row_and_padding_is_zero(
    tokenizer: Tokenizer, facts: dict[str, Any]
) -> None:
    row = encode(Packed(length=20), tokenizer, facts["roles"], ["rain", "cat", "rain"])[0]
    sizes = [len(document) for document in stream(tokenizer, ["rain", "cat", "rain"])]
    expected = np.repeat([1, 2, 3], sizes)
    assert row["segments"].tolist() == [*expected, *[0] * (20 - len(expected))]
    assert set(row["tokens"][len(expected) :]) == {facts["roles"]["pad"]}


def test_text_that_spells_a_special_token_stays_text(tokenizer: Tokenizer, facts: dict[str, Any]) -> None:
    rows = encode(Packed(length=200), tokenizer, facts["roles"], ["a <|mask|> b <|end|> c <|pad|>"])
    inner = rows[0]["tokens"][rows[0]["segments"] == 1][1:-1]
    assert not set(inner.tolist()) & set(facts["roles"].values())
    assert tokenizer.decode(inner.tolist()) == "a <|mask|> b <|end|> c <|pad|>"


def test_batches_of_records_leave_no_seam(
    tokenizer: Tokenizer, facts: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = encode(Packed(length=11, overlap=1), tokenizer, facts["roles"], TEXTS)
    monkeypatch.setattr(encoding_text, "BATCH_CHARACTERS", 1)
    single = encode(Packed(length=11, overlap=1), tokenizer, facts["roles"], TEXTS)
    assert len(whole) == len(single) > 1
    for row, other in zip(whole, single, strict=True):
        assert all(np.array_equal(row[name], other[name]) for name in row)


def test_words_begin_where_the_tokenizer_says(tokenizer: Tokenizer, facts: dict[str, Any]) -> None:
    row = encode(Packed(length=40, words=True), tokenizer, facts["roles"], ["unheard cats purr"])[0]
    starts = np.flatnonzero(row["words"][: np.count_nonzero(row["segments"])])
    pieces = np.split(row["tokens"][: np.count_nonzero(row["segments"])], starts[1:])
    assert [tokenizer.decode(piece.tolist()) for piece in pieces[1:-1]] == ["unheard", " cats", " purr"]


def test_a_tokenizer_file_that_truncates_does_not_cut_documents(tokenizer: Tokenizer, facts: dict[str, Any]) -> None:
    cutting = Tokenizer.from_str(tokenizer.to_str())
    cutting.enable_truncation(4)
    cutting.enable_padding(length=9)
    rows = encode(Packed(length=16), cutting, facts["roles"], TEXTS[:1])
    assert len(rows) == len(encode(Packed(length=16), tokenizer, facts["roles"], TEXTS[:1]))


@pytest.mark.parametrize(("roles", "text", "code"), [({}, "rain", "L0510"), ({"end": 0}, None, "L0515")])
def test_what_can_not_be_encoded_is_named(
    tokenizer: Tokenizer, roles: dict[str, int], text: str | None, code: str
) -> None:
    with pytest.raises(TaskFailed) as failed:
        list(Packed(length=8).rows([{"text": text, "_record": 0}], tokenizer, roles, {}))
    assert failed.value.code == code


@pytest.mark.parametrize("overlap", [0, 1])
def test_every_token_is_counted_once(tokenizer: Tokenizer, facts: dict[str, Any], overlap: int) -> None:
    packed = Packed(length=16 + overlap, overlap=overlap)
    counted = [packed.tokens(row) for row in encode(packed, tokenizer, facts["roles"], TEXTS)]
    assert counted[:-1] == [16] * (len(counted) - 1)
    assert sum(counted) - sum(len(document) for document in stream(tokenizer, TEXTS)) in (0, -1)
