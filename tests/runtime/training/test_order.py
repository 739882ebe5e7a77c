"""The order of rows is a pure function, and every row comes exactly once an epoch."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from llx.runtime.training.lengths import Lengths
from llx.runtime.training.order import Epochs, Keyed, Mixture, Source, bijection, key, length_class


@pytest.mark.parametrize("size", [1, 2, 3, 17, 64, 65, 1000])
def test_bijection_permutes(size: int) -> None:
    images = [bijection(np.arange(size), size, secret).tolist() for secret in range(4)]
    assert all(sorted(image) == list(range(size)) for image in images)
    if size > 16:
        assert len({tuple(image) for image in images}) == 4


def test_bijection_of_one_value_is_that_of_all() -> None:
    whole = bijection(np.arange(100), 100, 5)
    assert [int(bijection(np.array([i]), 100, 5)[0]) for i in range(100)] == whole.tolist()


def test_keys_differ_by_every_part() -> None:
    assert len({key(1, "a", 2), key(1, "a", 3), key(2, "a", 2), key(1, "b", 2), key("1", "a", 2)}) == 5


@pytest.mark.parametrize(("count", "batch"), [(101, 16), (96, 16), (5, 16), (1, 1), (1000, 7)])
@pytest.mark.parametrize("ragged", [False, True])
def test_every_row_once_an_epoch(count: int, batch: int, ragged: bool) -> None:
    lengths = np.random.default_rng(0).integers(1, 200, count)
    order = Epochs(count, batch, 7, length_class(lengths, 200) if ragged else None)
    steps = int(order.steps_per_epoch)
    epochs = []
    for epoch in range(3):
        batches = [order.rows(epoch * steps + step) for step in range(steps)]
        assert max(map(len, batches)) <= batch
        assert max(map(len, batches)) - min(map(len, batches)) <= 1
        rows = np.concatenate(batches).tolist()
        assert sorted(rows) == list(range(count))
        epochs.append(tuple(rows))
    assert count < 6 or len(set(epochs)) == 3


def test_order_depends_on_the_seed_and_on_nothing_that_was_asked_before() -> None:
    first, second = Epochs(500, 8, 1), Epochs(500, 8, 1)
    ahead = [first.rows(step).tolist() for step in range(100)]
    assert second.rows(99).tolist() == ahead[99]
    assert Epochs(500, 8, 2).rows(99).tolist() != ahead[99]


def test_ragged_batches_hold_rows_of_like_length_in_mixed_order() -> None:
    lengths = np.random.default_rng(0).integers(1, 256, 4000)
    order = Epochs(4000, 20, 3, length_class(lengths, 256))
    batches = [lengths[order.rows(step)] for step in range(200)]
    padded = sum(len(b) * b.max() for b in batches)
    assert lengths.sum() / padded > 0.85
    means = [b.mean() for b in batches]
    assert abs(np.corrcoef(means, np.arange(200))[0, 1]) < 0.25


def long_tailed(count: int = 4000) -> Lengths:
    """Give rows of two streams, most of them short."""
    lengths = np.random.default_rng(1).gamma(2.0, 20.0, (2, count)).astype(np.int64).clip(1, 256)
    return Lengths(lengths.max(axis=0), list(lengths), int(lengths.max()))


@pytest.mark.parametrize("batch", [100, 2000, 10**9])
def test_batches_of_tokens_hold_every_row_once_and_as_many_tokens(batch: int) -> None:
    lengths = long_tailed()
    order = Epochs(4000, batch, 3, lengths.classes, lengths.tokens)
    steps = int(order.steps_per_epoch)
    epochs = [[order.rows(epoch * steps + step) for step in range(steps)] for epoch in range(2)]
    assert all(sorted(np.concatenate(batches).tolist()) == list(range(4000)) for batches in epochs)
    assert all(len(rows) for batches in epochs for rows in batches), "a row beyond the batch is one for itself"
    again = Epochs(4000, batch, 3, lengths.classes, lengths.tokens)
    assert again.rows(2 * steps - 1).tolist() == epochs[1][-1].tolist(), "a step is found without those before it"
    if batch == 2000:
        tokens = np.array([lengths.tokens[rows].sum() for batches in epochs for rows in batches])
        fixed = Epochs(4000, 4000 // steps, 3, lengths.classes)
        before = np.array([lengths.tokens[fixed.rows(step)].sum() for step in range(fixed.in_epoch)])
        assert tokens.mean() <= batch
        assert tokens.std() / tokens.mean() < 0.08 < 0.4 < before.std() / before.mean()


@pytest.mark.parametrize("by_tokens", [False, True])
def test_what_steps_come_to_is_known_before_them(by_tokens: bool) -> None:
    lengths = long_tailed()
    order = (
        Epochs(4000, 2000, 3, lengths.classes, lengths.tokens) if by_tokens else Epochs(4000, 50, 3, lengths.classes)
    )
    spread = lengths.spread(order)
    batches = [order.rows(step) for step in range(order.in_epoch)]
    counts = [len(rows) for rows in batches]
    assert spread.rows == (min(counts), max(counts))
    # As the loader pads: each stream to the length of its class.
    places = sum(len(rows) * lengths.padded(int(each[rows].max())) for rows in batches for each in lengths.streams)
    assert spread.padding == pytest.approx(1 - lengths.tokens.sum() / places, abs=1e-3)
    assert spread.at_once == max(-(-len(rows) // lengths.fold(rows)) for rows in batches)
    if not by_tokens:
        one = Epochs(4000, 50, 3, length_class(lengths.rows, lengths.longest))
        batches = [one.rows(step) for step in range(one.in_epoch)]
        before = sum(len(rows) * lengths.padded(int(each[rows].max())) for rows in batches for each in lengths.streams)
        assert places < 0.95 * before, "both streams of a batch are of like length"


def test_mixture_takes_sources_by_weight_and_each_row_equally_often() -> None:
    sources = [Source("a", 0, 100, 3), Source("b", 100, 150, 7), Source("unused", 150, 160, 0)]
    order = Mixture(sources, 32, 1)
    rows = np.concatenate([order.rows(step) for step in range(1000)])
    counts = np.bincount(rows, minlength=160)
    assert counts[:100].max() - counts[:100].min() <= 1
    assert counts[100:150].max() - counts[100:150].min() <= 1
    assert counts[150:].sum() == 0
    assert counts[:100].sum() / counts.sum() == pytest.approx(0.3, abs=0.005)
    repeats = order.repeats(1000)
    assert repeats["a"]["rows"] == counts[:100].sum()
    assert repeats["b"]["epochs"] == counts[100:].sum() / 50
    assert sum(each["share"] for each in repeats.values()) == pytest.approx(1)


def test_mixture_finds_a_step_without_those_before_it() -> None:
    sources = [Source(str(i), i * 10, i * 10 + 10, 1 / (i + 1)) for i in range(7)]
    order = Mixture(sources, 100, 1)
    ahead = [order.rows(step).tolist() for step in range(90)]
    assert Mixture(sources, 100, 1).rows(89).tolist() == ahead[89]
    assert order.rows(3).tolist() == ahead[3]


def test_length_classes_waste_little_and_stay_within_the_longest() -> None:
    lengths = np.arange(1, 1025)
    classes = length_class(lengths, 1000)
    assert (classes >= np.minimum(lengths, 1000)).all()
    assert classes.max() == 1000
    assert ((classes - lengths)[100:1000] <= lengths[100:1000] * 0.25).all()
    assert len(Counter(classes.tolist())) < 25


def test_a_key_gives_the_same_numbers_whatever_was_drawn_before() -> None:
    keyed = Keyed()
    for number in (5, 2**62 + 1, 5):
        fresh = np.random.Generator(np.random.Philox(key=number))
        drawn = keyed.of(number)
        assert np.array_equal(drawn.integers(0, 9, 3, dtype=np.int32), fresh.integers(0, 9, 3, dtype=np.int32))
        assert np.array_equal(drawn.random(7), fresh.random(7))
