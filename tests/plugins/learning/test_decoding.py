"""Choosing tokens."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from llx.plugins.builtin.decoding.greedy import Greedy
from llx.plugins.builtin.decoding.sample import Sample
from llx.plugins.nn.filters import draw

LOGITS = torch.tensor([0.5, 0.25, 0.15, 0.1]).log().repeat(4000, 1)
UNSEEN = torch.zeros_like(LOGITS, dtype=torch.bool)


def frequencies(decoding: Sample) -> list[float]:
    chosen = decoding.choose(LOGITS, UNSEEN, torch.linspace(0, 1, 4001)[:4000])
    assert chosen.shape == (4000,)
    return (torch.bincount(chosen, minlength=4) / 4000).tolist()


def test_greedy_takes_the_likeliest() -> None:
    assert Greedy().choose(LOGITS[:2], UNSEEN[:2], torch.zeros(2)).tolist() == [0, 0]
    seen = torch.tensor([[True, False, False, False], [False] * 4])
    assert Greedy(repetition_penalty=3).choose(LOGITS[:2], seen, torch.zeros(2)).tolist() == [1, 0]


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
        (Sample(min_p=0.4), [2 / 3, 1 / 3, 0, 0]),
        (Sample(min_p=0.2), [0.5, 0.25, 0.15, 0.1]),
        (Sample(min_p=1.0), [1, 0, 0, 0]),
    ],
)
def test_sample_draws_by_chance(sample: Sample, expected: list[float]) -> None:
    assert frequencies(sample) == pytest.approx(expected, abs=0.03)


def test_equal_logits_do_not_break_top_k() -> None:
    chosen = Sample(top_k=1).choose(torch.zeros(8, 5), torch.zeros(8, 5, dtype=torch.bool), torch.rand(8))
    assert ((chosen >= 0) & (chosen < 5)).all()


def test_what_is_filtered_out_is_never_drawn() -> None:
    logits = torch.tensor([[-torch.inf, 0.0, -torch.inf, 0.0, -torch.inf]]).repeat(3, 1)
    uniform = torch.tensor([0.0, 0.5, 1 - 2**-24])
    assert draw(logits, uniform).tolist() == [1, 3, 3]
    assert draw(logits.half(), uniform).tolist() == [1, 3, 3]


FILTERS: list[dict[str, Any]] = [
    {"repetition_penalty": 1.7},
    {"temperature": 0.6},
    {"top_k": 7},
    {"top_p": 0.6},
    {"min_p": 0.1},
    {"repetition_penalty": 1.3, "temperature": 1.8, "top_k": 20, "top_p": 0.9, "min_p": 0.05},
    {"repetition_penalty": 0.8, "temperature": 0.3, "top_k": 4, "top_p": 0.3},
]


@pytest.mark.slow
@pytest.mark.parametrize("given", FILTERS)
def test_the_filters_are_those_of_transformers(given: dict[str, Any]) -> None:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    logits, ids = torch.randn(6, 50) * 3, torch.randint(0, 50, (6, 12))
    config = transformers.GenerationConfig(do_sample=True, **({"top_k": 0} | given))
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(vocab_size=50, n_layer=1, n_embd=8, n_head=1))
    processors = model._get_logits_processor(config, input_ids_seq_length=12, device="cpu")
    assert len(processors) == len(given)
    expected = processors(ids, logits.clone())
    got = Sample(**given).filtered(logits, torch.zeros(6, 50, dtype=torch.bool).scatter(1, ids, True))
    assert torch.equal(got.isinf(), expected.isinf())
    assert torch.allclose(got, expected, rtol=1e-6)
