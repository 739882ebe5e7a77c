"""Middles that are moved to the end of their document."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from llx.plugins.builtin.objective.fill_in_middle import FillInMiddle, drawn_cuts, moved
from llx.plugins.component import TaskFailed

PREFIX, SUFFIX, MIDDLE, END, PAD = 3, 4, 5, 0, 2
LENGTH = 60
Array = np.ndarray[Any, Any]


def rows() -> tuple[Array, Array]:
    """Give rows: the rest of a document, two whole ones (one of a token), the start of another, or padding."""
    tokens = np.random.default_rng(3).integers(20, 300, (300, LENGTH))
    segments = np.repeat(np.repeat([[1, 2, 3, 4]], 300, axis=0), [12, 20, 3, 25], axis=1)
    tokens[:, [11, 12, 31, 32, 34, 35]] = END
    tokens[::3, 50:], segments[::3, 50:] = PAD, 0
    return tokens, segments


def documents(tokens: Array, segments: Array) -> list[list[int]]:
    return [tokens[segments == number].tolist() for number in range(1, int(segments.max()) + 1)]


def put_back(document: list[int]) -> tuple[list[int], str]:
    """Undo what was done to a document; say which way it was."""
    if PREFIX not in document:
        return document, "none"
    before = document[: document.index(PREFIX)]
    after = [END] if document[-1] == END else []
    inside = document[len(before) + 1 : len(document) - len(after)]
    suffix_at, middle_at = inside.index(SUFFIX), inside.index(MIDDLE)
    if suffix_at == 0:
        suffix, rest = inside[1:middle_at], inside[middle_at + 1 :]
        return before + rest + suffix + after, "either"
    prefix, suffix, middle = inside[:suffix_at], inside[suffix_at + 1 : middle_at], inside[middle_at + 1 :]
    return before + prefix + middle + suffix + after, "psm"


@pytest.mark.parametrize("suffix_first", [0.0, 1.0, 0.5])
def test_a_document_is_all_there_in_another_order(suffix_first: float) -> None:
    tokens, segments = rows()
    # With room for all marks nothing is lost.
    room = 12
    wide = [np.pad(array, ((0, 0), (0, room))) for array in (tokens, segments)]
    cuts = drawn_cuts(*wide, (END, END), 1.0, suffix_first, np.random.default_rng(0))
    new, new_segments = moved(*wide, cuts, (PREFIX, SUFFIX, MIDDLE))
    ways: dict[str, int] = {}
    for row in range(300):
        old = documents(tokens[row], segments[row])
        made = documents(new[row], new_segments[row])
        assert len(made) == len(old)
        for before, after in zip(old, made, strict=True):
            back, way = put_back(after)
            assert back == before
            ways[way] = ways.get(way, 0) + 1
    assert not ways.get("none")
    if suffix_first == 1.0:
        assert not ways.get("psm")
    if suffix_first == 0.0:
        assert ways["psm"] > 2 * ways["either"]  # an empty prefix looks alike in both orders


def test_rows_keep_their_length_and_lose_their_end() -> None:
    tokens, segments = rows()
    cuts = drawn_cuts(tokens, segments, (END, END), 0.5, 0.5, np.random.default_rng(0))
    new, new_segments = moved(tokens, segments, cuts, (PREFIX, SUFFIX, MIDDLE))
    assert new.shape == tokens.shape
    for row in range(300):
        assert (np.diff(new_segments[row][new_segments[row] > 0]) >= 0).all()
        for before, after in zip(
            documents(tokens[row], segments[row])[:3], documents(new[row], new_segments[row]), strict=False
        ):
            assert put_back(after)[0] == before
    moved_share = sum(int((row == PREFIX).sum()) for row in new) / sum(int(row.max()) for row in segments)
    assert moved_share == pytest.approx(0.5, abs=0.05)


def test_without_a_rate_nothing_is_moved(facts: dict[str, Any]) -> None:
    tokens, segments = rows()
    cuts = drawn_cuts(tokens, segments, (END, END), 0.0, 0.5, np.random.default_rng(0))
    new, new_segments = moved(tokens, segments, cuts, (PREFIX, SUFFIX, MIDDLE))
    assert np.array_equal(new, tokens)
    assert np.array_equal(new_segments, segments)


def test_a_tokenizer_without_the_marks_is_named(facts: dict[str, Any]) -> None:
    tokens, segments = rows()
    batch = {"tokens": tokens, "segments": segments}
    with pytest.raises(TaskFailed) as failed:
        FillInMiddle().prepare(batch, np.random.default_rng(0), facts | {"roles": {"end": 0}})
    assert (failed.value.code, failed.value.values["role"]) == ("L0510", "fim_prefix")
