"""Choosing tokens."""

from __future__ import annotations

import pytest
import torch
from llx.plugins.builtin.decoding.greedy import Greedy
from llx.plugins.builtin.decoding.sample import Sample

LOGITS = torch.tensor([0.5, 0.25, 0.15, 0.1]).log().repeat(4000, 1)


def frequencies(decoding: Sample) -> list[float]:
    chosen = decoding.choose(LOGITS, torch.Generator().manual_seed(0))
    assert chosen.shape == (4000,)
    return (torch.bincount(chosen, minlength=4) / 4000).tolist()


def test_greedy_takes_the_likeliest() -> None:
    assert Greedy().choose(LOGITS[:2], torch.Generator()).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (Sample(), [0.5, 0.25, 0.15, 0.1]),
        (Sample(top_k=2), [2 / 3, 1 / 3, 0, 0]),
        (Sample(top_k=9), [0.5, 0.25, 0.15, 0.1]),
        (Sample(top_p=0.7), [2 / 3, 1 / 3, 0, 0]),
        (Sample(top_p=0.8), [5 / 9, 2.5 / 9, 1.5 / 9, 0]),
        (Sample(top_p=0.01), [1, 0, 0, 0]),
        (Sample(temperature=0.5), [0.25 / 0.345, 0.0625 / 0.345, 0.0225 / 0.345, 0.01 / 0.345]),
        (Sample(top_k=3, top_p=0.6), [2 / 3, 1 / 3, 0, 0]),
    ],
)
def test_sample_draws_by_chance(sample: Sample, expected: list[float]) -> None:
    assert frequencies(sample) == pytest.approx(expected, abs=0.03)


def test_the_same_generator_draws_the_same() -> None:
    draws = [Sample().choose(LOGITS, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_equal_logits_do_not_break_top_k() -> None:
    chosen = Sample(top_k=1).choose(torch.zeros(8, 5), torch.Generator().manual_seed(0))
    assert ((chosen >= 0) & (chosen < 5)).all()
