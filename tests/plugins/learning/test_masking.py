"""Which tokens masked_lm hides, and behind what."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from llx.plugins.builtin.objective.draws import RowDraws
from llx.plugins.builtin.objective.masked_lm import MaskedLM
from llx.plugins.builtin.objective.masking import LONGEST_WORD, Masking, _first_of_spans, mask_rows
from llx.plugins.component import TaskFailed
from llx.plugins.values import IGNORED

MASK, SPECIAL, VOCABULARY = 1, (0, 1, 2), 40
MASKING = Masking(rate=0.15, mask=MASK, special=SPECIAL, vocab_size=VOCABULARY)
BATCH = 400


def rows(length: int = 100, padding: int = 0) -> tuple[Any, Any]:
    """Give rows of ordinary tokens with an end token at both ends of two documents, and padding."""
    tokens = np.random.default_rng(5).integers(3, VOCABULARY, (BATCH, length))
    segments = np.ones((BATCH, length), dtype=np.int64)
    segments[:, length // 2 :] = 2
    if padding:
        segments[:, -padding:] = 0
    ends = [0, length // 2 - 1, length // 2, length - padding - 1]
    tokens[:, ends] = 0
    return tokens, segments


def test_rates() -> None:
    tokens, segments = rows()
    changed, masked, targets = mask_rows(tokens, segments, None, MASKING, np.random.default_rng(0))
    chosen = targets != IGNORED
    assert chosen.sum(axis=1).tolist() == [round(96 * 0.15)] * BATCH
    new = np.take_along_axis(changed, masked, axis=1)[chosen]
    old = targets[chosen]
    kept = (new == old).mean()
    assert (new == MASK).mean() == pytest.approx(0.8, abs=0.02)
    # Of the random tenth, one in 37 draws what stood there.
    assert kept == pytest.approx(0.1 + 0.1 / 37, abs=0.02)
    drawn = new[(new != MASK) & (new != old)]
    assert not np.isin(drawn, SPECIAL).any()
    assert set(drawn.tolist()) == set(range(3, VOCABULARY))


def test_targets_are_what_stood_there_and_nothing_else_changes() -> None:
    tokens, segments = rows(padding=20)
    before = tokens.copy()
    changed, masked, targets = mask_rows(tokens, segments, None, MASKING, np.random.default_rng(0))
    assert np.array_equal(tokens, before)
    chosen = targets != IGNORED
    assert np.array_equal(np.take_along_axis(tokens, masked, axis=1)[chosen], targets[chosen])
    restored = changed.copy()
    np.put_along_axis(restored, masked, np.take_along_axis(tokens, masked, axis=1), axis=1)
    assert np.array_equal(restored, tokens)
    beyond = np.take_along_axis(changed, masked, axis=1) == np.take_along_axis(tokens, masked, axis=1)
    assert beyond[~chosen].all()


@pytest.mark.parametrize("whole_word", [False, True])
def test_neither_special_tokens_nor_padding_are_chosen(whole_word: bool) -> None:
    tokens, segments = rows(padding=20)
    words = np.ones_like(tokens) if whole_word else None
    _, masked, targets = mask_rows(tokens, segments, words, MASKING, np.random.default_rng(0))
    chosen = targets != IGNORED
    assert not np.isin(targets[chosen], SPECIAL).any()
    assert (np.take_along_axis(segments, masked, axis=1)[chosen] != 0).all()
    # Every other place is as likely as any.
    counts = np.bincount(masked[chosen], minlength=100)
    ordinary = (tokens[0] != 0) & (segments[0] != 0)
    assert counts[~ordinary].sum() == 0
    assert counts[ordinary].min() > 0.5 * counts[ordinary].mean()


def test_the_shapes_do_not_depend_on_what_is_drawn() -> None:
    tokens, segments = rows()
    segments[0] = 0  # nothing to choose
    segments[1, 1:] = 0
    segments[2, 4:] = 0  # three tokens beside the end token
    _, masked, targets = mask_rows(tokens, segments, None, MASKING, np.random.default_rng(0))
    assert masked.shape == targets.shape == (BATCH, 15)
    assert (targets != IGNORED).sum(axis=1)[:3].tolist() == [0, 0, 1]


def test_words_are_hidden_whole() -> None:
    tokens, segments = rows(length=200)
    words = (np.random.default_rng(1).random(tokens.shape) < 0.4).astype(np.int64)
    _, masked, targets = mask_rows(tokens, segments, words, MASKING, np.random.default_rng(0))
    total = 0
    for row in range(BATCH):
        chosen = np.zeros(200, dtype=bool)
        chosen[masked[row][targets[row] != IGNORED]] = True
        begins = words[row].astype(bool) | (tokens[row] == 0)
        begins[1:] |= tokens[row, :-1] == 0
        begins[0] = True
        for word in np.split(np.arange(200), np.flatnonzero(begins)[1:]):
            if len(word) <= LONGEST_WORD:
                assert chosen[word].all() or not chosen[word].any()
        total += int(chosen.sum())
    assert total / BATCH / 196 == pytest.approx(0.15, abs=0.01)


SPANS = Masking(rate=0.15, mask=MASK, special=SPECIAL, vocab_size=VOCABULARY, spans=True)


def hidden_runs(masked: Any, targets: Any, length: int) -> list[list[Any]]:
    """Give the runs of neighbouring chosen places of each row."""
    found = []
    for places, wanted in zip(masked, targets, strict=True):
        chosen = np.sort(places[wanted != IGNORED])
        found.append([run for run in np.split(chosen, np.flatnonzero(np.diff(chosen) > 1) + 1) if len(run)])
    return found


def test_spans_have_the_lengths_of_spanbert() -> None:
    tokens, segments = rows(length=400)
    changed, masked, targets = mask_rows(tokens, segments, None, SPANS, np.random.default_rng(0))
    runs = [run for row in hidden_runs(masked, targets, 400) for run in row]
    # Of the 3.8 on average neighbouring spans look like one, and the ends of documents cut some off.
    assert 3.8 < np.mean([len(run) for run in runs]) < 4.6
    first = _first_of_spans(tokens, tokens != 0, segments, None, np.random.default_rng(0))
    lengths = np.concatenate([np.diff(np.unique(row[1:180])) for row in first])
    assert lengths.mean() == pytest.approx(3.8, abs=0.05)
    assert set(lengths.tolist()) == set(range(1, 11))
    assert (first[:, 200:] >= 200).all()  # within their documents
    assert (targets != IGNORED).sum() / BATCH / 396 == pytest.approx(0.15, abs=0.01)
    assert 0.75 < (np.take_along_axis(changed, masked, axis=1)[targets != IGNORED] == MASK).mean() < 0.85


def test_a_span_is_hidden_behind_one_sort() -> None:
    tokens, segments = rows(length=60)
    alike = total = 0
    for row, (changed, masked, targets) in enumerate(
        zip(*mask_rows(tokens, segments, None, SPANS, np.random.default_rng(0)), strict=True)
    ):
        for [run] in (runs for runs in hidden_runs(masked[None], targets[None], 60) if len(runs) == 1):
            hidden = changed[run] == MASK
            kept = changed[run] == tokens[row, run]
            total += 1
            alike += bool(hidden.all() or not hidden.any()) and not (kept.all() and hidden.any())
    assert total > 20
    assert alike / total > 0.8  # two spans side by side may differ; of single tokens it would be 0.4


def test_spans_of_words_are_whole_words() -> None:
    tokens, segments = rows(length=200)
    words = (np.random.default_rng(1).random(tokens.shape) < 0.5).astype(np.int64)
    words[:, 0] = 1
    _, masked, targets = mask_rows(tokens, segments, words, SPANS, np.random.default_rng(0))
    begins = words.astype(bool) | (tokens == 0)
    begins[:, 1:] |= tokens[:, :-1] == 0
    for row, runs in enumerate(hidden_runs(masked, targets, 200)):
        for run in runs:
            assert begins[row, run[0]]
            assert run[-1] == 199 or begins[row, run[-1] + 1]


@pytest.mark.parametrize("more", [{}, {"whole_word": True}, {"spans": True}], ids=str)
def test_static_masks_follow_from_the_row(more: dict[str, bool], facts: dict[str, Any]) -> None:
    tokens, segments = rows()
    batch = {"tokens": tokens, "segments": segments, "words": np.ones_like(tokens)}
    objective = MaskedLM(masks="static", **more)
    first = objective.prepare(batch, np.random.default_rng(1), facts)
    turned = objective.prepare({name: array[::-1] for name, array in batch.items()}, np.random.default_rng(2), facts)
    assert all(np.array_equal(first[name], turned[name][::-1]) for name in first)
    assert len({tuple(row) for row in np.sort(first["positions"], axis=1).tolist()}) > 0.9 * BATCH


def test_numbers_that_follow_from_rows_are_even() -> None:
    tokens, _ = rows()
    draws = RowDraws(tokens)
    numbers, again = draws.random((BATCH, 100)), draws.random((BATCH, 100))
    assert not np.intersect1d(numbers, again).size
    assert np.histogram(numbers, 10, (0, 1))[0] == pytest.approx(np.full(10, BATCH * 10), rel=0.06)
    assert abs(np.corrcoef(numbers[:, 1:].ravel(), numbers[:, :-1].ravel())[0, 1]) < 0.02
    assert set(draws.integers(3, 9, (BATCH, 5)).ravel().tolist()) == set(range(3, 9))


def test_a_sentence_without_spaces_is_hidden_in_pieces() -> None:
    tokens, segments = rows()
    words = np.zeros_like(tokens)
    _, _, targets = mask_rows(tokens, segments, words, MASKING, np.random.default_rng(0))
    assert ((targets != IGNORED).sum(axis=1) > 0).mean() == 1.0


def test_the_same_generator_hides_the_same(facts: dict[str, Any]) -> None:
    tokens, segments = rows()
    batch = {"tokens": tokens, "segments": segments}
    first, second, other = (MaskedLM().prepare(batch, np.random.default_rng(seed), facts) for seed in (1, 1, 2))
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert not np.array_equal(first["positions"], other["positions"])


def test_a_tokenizer_without_a_mask_is_named(facts: dict[str, Any]) -> None:
    tokens, segments = rows()
    with pytest.raises(TaskFailed) as failed:
        MaskedLM().prepare(
            {"tokens": tokens, "segments": segments}, np.random.default_rng(0), facts | {"roles": {"end": 0}}
        )
    assert (failed.value.code, failed.value.values["role"]) == ("L0510", "mask")
