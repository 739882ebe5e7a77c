"""Documents as a whole in rows that they fill: nothing lost, nothing twice, little wasted."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llx.plugins.builtin.encoding import best_fit
from llx.plugins.builtin.encoding.best_fit import BestFit, fitted
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.testing import conforms
from llx.plugins.values import IGNORED
from tokenizers import Tokenizer


def encode(tokenizer: Tokenizer, roles: dict[str, int], texts: list[str], length: int) -> list[dict[str, Any]]:
    records = [{"text": text, "_record": number} for number, text in enumerate(texts)]
    return list(BestFit(length=length, overlap=1).rows(records, tokenizer, roles, {}))


def documents(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    encoded = (tokenizer.encode(text, add_special_tokens=False).ids for text in texts)
    return [[0, *ids, 0] for ids in encoded if ids]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(max_size=40), min_size=1, max_size=8), length=st.integers(2, 20))
def test_every_token_is_predicted_once_within_its_document(
    tokenizer: Tokenizer, facts: dict[str, Any], together: Any, texts: list[str], length: int
) -> None:
    rows = encode(tokenizer, facts["roles"], texts, length + 1)
    wanted = sorted(pair for document in documents(tokenizer, texts) for pair in pairwise(document))
    if not wanted:
        assert not rows
        return
    batch = CausalLM().prepare(together(rows), np.random.default_rng(0), facts)
    carried = batch["targets"] != IGNORED
    pairs = zip(batch["tokens"][carried].tolist(), batch["targets"][carried].tolist(), strict=True)
    assert sorted(pairs) == wanted


def test_documents_that_fit_are_not_cut(
    tokenizer: Tokenizer, facts: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(best_fit, "WINDOW", 4)
    texts = ["the cat sat. " * n for n in (1, 2, 3, 1, 2, 5, 1, 2, 3, 4)]
    length = max(len(document) for document in documents(tokenizer, texts))
    rows = encode(tokenizer, facts["roles"], texts, length)
    found = [
        row["tokens"][row["segments"] == number].tolist()
        for row in rows
        for number in range(1, int(row["segments"].max()) + 1)
    ]
    assert sorted(found) == sorted(documents(tokenizer, texts))


def test_each_goes_where_it_leaves_least_room() -> None:
    assert fitted([5, 7, 3, 2, 3], 10) == [[1, 2], [0, 4, 3]]
    assert fitted([], 10) == []
    assert fitted([10, 10], 10) == [[0], [1]]


def test_many_documents_leave_little_padding() -> None:
    draw = random.Random(0)
    sizes = [min(1 + int(draw.lognormvariate(5, 1)), 1024) for _ in range(20_000)]
    rows = fitted(sizes, 1024)
    assert sorted(index for row in rows for index in row) == list(range(len(sizes)))
    assert all(sum(sizes[index] for index in row) <= 1024 for row in rows)
    assert 1 - sum(sizes) / (1024 * len(rows)) < 0.002


def test_the_objective_conforms() -> None:
    conforms(CausalLM(packing="best_fit"))
