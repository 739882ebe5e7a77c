"""Spans that are left out, and the two streams that they make."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from llx.plugins.builtin.objective.span_corruption import SpanCorruption
from llx.plugins.builtin.objective.spans import Sizes, drawn_spans
from llx.plugins.component import TaskFailed
from llx.plugins.values import IGNORED

END, START, LENGTH = 0, 2, 120
ROLES = {"end": END, "mask": 1, "pad": START} | {f"sentinel_{number}": 3 + number for number in range(8)}
FACTS: dict[str, Any] = {"roles": ROLES, "vocab_size": 300}


def rows(rows: int = 200) -> dict[str, Any]:
    """Give rows of two documents between end marks and the beginning of a third, or padding."""
    tokens = np.random.default_rng(3).integers(20, 300, (rows, LENGTH))
    segments = np.repeat(np.repeat([[1, 2, 3]], rows, axis=0), [50, 30, 40], axis=1)
    tokens[:, [0, 49, 50, 79, 80]] = END
    tokens[::3, 90:], segments[::3, 90:] = START, 0
    tokens[1], segments[1] = START, 0  # nothing at all
    segments[2, 5:] = 0  # four tokens
    return {"tokens": tokens, "segments": segments}


def put_back(source: list[int], target: list[int]) -> list[int]:
    """Write the spans of a target into its source."""
    spans: dict[int, list[int]] = {}
    for token in target:
        if 3 <= token < 11:
            spans[token] = []
            current = spans[token]
        else:
            current.append(token)
    assert list(spans) == sorted(spans)
    assert all(spans.values())
    return [part for token in source for part in spans.get(token, [token])]


@pytest.mark.parametrize("objective", [SpanCorruption(), SpanCorruption(rate=0.5, mean_length=8)], ids=["t5", "much"])
def test_source_and_target_make_the_text(objective: SpanCorruption) -> None:
    given = rows()
    made = objective.prepare(given, np.random.default_rng(0), FACTS)
    sizes = Sizes.of(LENGTH, objective.rate, objective.mean_length)
    assert made["source_tokens"].shape == (200, sizes.source)
    assert made["targets"].shape == made["target_tokens"].shape == (200, sizes.target)
    lost = 0
    for row in range(200):
        for number in (1, 2, 3):
            document = given["tokens"][row, given["segments"][row] == number].tolist()
            source = made["source_tokens"][row, made["source_segments"][row] == number].tolist()
            inside = made["target_segments"][row] == number
            target, read = made["targets"][row, inside].tolist(), made["target_tokens"][row, inside].tolist()
            if target:
                assert target[-1] == END
                assert read == [START, *target[:-1]]
                source = put_back(source, target[:-1])
            # What finds no room at the end of the row is lost on both sides.
            assert source == document[: len(source)]
            lost += len(document) - len(source)
    assert lost / 200 / LENGTH < 0.04
    outside = made["target_segments"] == 0
    assert (made["targets"][outside] == IGNORED).all()
    assert (made["targets"][~outside] != IGNORED).all()
    assert not (made["targets"][1] != IGNORED).any()


def test_the_share_and_the_lengths_are_those_that_were_asked_for() -> None:
    eligible = np.ones((300, 400), dtype=bool)
    left_out = drawn_spans(eligible, eligible, 0.15, 3.0, np.random.default_rng(0))
    assert left_out.sum(axis=1).tolist() == [60] * 300
    begins = left_out & ~np.pad(left_out, ((0, 0), (1, 0)))[:, :-1]
    assert begins.sum(axis=1).tolist() == [20] * 300
    assert not left_out[:, 0].any()
    assert left_out[:, 100:300].mean(axis=0) == pytest.approx(np.full(200, 0.15), abs=0.09)


def test_a_document_has_no_more_spans_than_there_are_sentinels() -> None:
    few = {"roles": {role: number for role, number in ROLES.items() if role not in ("sentinel_2", "sentinel_3")}}
    made = SpanCorruption().prepare(rows(), np.random.default_rng(0), FACTS | few)
    assert set(np.unique(made["targets"])) & set(range(3, 11)) == {3, 4}


def test_roles_are_as_many_as_a_row_has_spans() -> None:
    class OfShape:
        context_length = 512

    roles = SpanCorruption().roles(OfShape())  # type: ignore[arg-type]
    assert roles[0] == "sentinel_0"
    assert len(roles) == round(round(512 * 0.15) / 3)


def test_a_tokenizer_without_sentinels_is_named() -> None:
    with pytest.raises(TaskFailed) as failed:
        SpanCorruption().prepare(rows(), np.random.default_rng(0), FACTS | {"roles": {"end": 0}})
    assert (failed.value.code, failed.value.values["role"]) == ("L0510", "sentinel_0")
