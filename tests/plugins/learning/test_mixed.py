"""Several objectives on one model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from llx.plugins.builtin.encoding.packed import Packed
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.model.encoder import Encoder
from llx.plugins.builtin.model.encoder_decoder import EncoderDecoder
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.fill_in_middle import FillInMiddle
from llx.plugins.builtin.objective.masked_lm import MaskedLM
from llx.plugins.builtin.objective.mixed import Mixed
from llx.plugins.builtin.objective.prefix_lm import PrefixLM
from llx.plugins.builtin.objective.shares import turns_of
from llx.plugins.builtin.objective.span_corruption import SpanCorruption
from llx.plugins.component import Place
from llx.plugins.values import IGNORED
from llx.runtime.training.meter import means

SIZES: dict[str, Any] = {"layers": 2, "hidden_size": 32, "heads": 4, "context_length": 24}
MODEL = Decoder(**SIZES)
CAUSAL, MASKED = CausalLM(), MaskedLM(whole_word=True)
MIXED = Mixed(parts={"causal": CAUSAL, "masked": MASKED}, shares={"causal": 0.7, "masked": 0.3})


@pytest.fixture
def batch(rows: Any, together: Any) -> Any:
    records = [{"text": "the cat sat on the mat. rain fell on the red roof. " * 12}, {"text": "dogs ran."}]
    made = together(rows(MIXED.encoding(MODEL.shape), records))
    return {name: array[:8] for name, array in made.items()}


def drawn(batch: Any, facts: Any, seed: int = 0) -> Any:
    return MIXED.prepare(batch, np.random.default_rng(seed), facts)


@pytest.mark.parametrize("shares", [(0.7, 0.3), (0.5, 0.5), (0.01, 0.99), (1 / 3, 1 / 3, 1 / 3), (0.05, 0.15, 0.8)])
def test_every_run_of_rows_holds_its_shares(shares: tuple[float, ...]) -> None:
    turns = turns_of(shares)
    found = np.bincount(turns.sequence[:1000], minlength=len(shares)) / 1000
    assert found == pytest.approx(shares, abs=2e-3)
    for part, share in enumerate(shares):
        for rows in (1, 3, 8, 50):
            most = turns.most(part, rows)
            held = np.convolve(turns.sequence == part, np.ones(rows), "valid").max()
            assert held <= most <= max(1, share * rows + 2)
    assert len(turns.drawn(3000, np.random.default_rng(0))) == 3000


def test_rows_are_dealt_out_and_read_together(batch: Any, facts: Any) -> None:
    assert MIXED.encoding(MODEL.shape) == Packed(length=25, overlap=1, words=True)
    for seed in range(5):
        prepared = drawn(batch, facts, seed)
        whose = prepared["part"]
        assert set(np.bincount(whose, minlength=2).tolist()) <= {2, 3, 5, 6}
        assert prepared["tokens"].shape == prepared["segments"].shape == (8, 24)
        assert np.array_equal(prepared["prefix"].all(axis=1), whose == 1)
        assert not prepared["prefix"][whose == 0].any()
        for number, name in enumerate(("causal", "masked")):
            assert (prepared[f"{name}.targets"][whose != number] == IGNORED).all()
        # A part's losses come to its number of rows, whatever carries loss in them.
        for number, name in enumerate(("causal", "masked")):
            count = (prepared[f"{name}.targets"] != IGNORED).sum()
            assert (prepared["weight"][whose == number] * count).tolist() == pytest.approx(
                [(whose == number).sum()] * int((whose == number).sum())
            )


def test_each_part_has_the_loss_and_gradients_that_it_has_alone(
    batch: Any, facts: Any, network: Any, tensors: Any
) -> None:
    prepared, net = drawn(batch, facts), network(MODEL, MIXED)
    loss, shown = MIXED.loss(net, tensors(prepared))
    (loss / MIXED.count(prepared)).backward()
    expected: dict[str, torch.Tensor] = {}
    for number, (name, share) in enumerate(
        {"causal": (prepared["part"] == 0).mean(), "masked": (prepared["part"] == 1).mean()}.items()
    ):
        rows = prepared["part"] == number
        streams = {array: prepared[array][rows] for array in ("tokens", "segments", "prefix")}
        own = {
            array.removeprefix(f"{name}."): values[rows] for array, values in prepared.items() if array.startswith(name)
        }
        if name == "causal":
            del streams["prefix"]
        alone = network(MODEL, CausalLM())
        part_loss, _ = MIXED.parts[name].loss(alone, tensors({**streams, **own}))
        count = MIXED.parts[name].count(own)
        (part_loss * share / count).backward()
        assert means({key: value.item() for key, value in shown.items()}, 8)[f"{name}_loss"] == pytest.approx(
            part_loss.item() / count, rel=1e-4
        )
        assert shown[f"{name}_share"].item() / 8 == share
        for parameter, value in alone.body.named_parameters():
            expected[parameter] = expected.get(parameter, 0) + value.grad
    for name, parameter in net.body.named_parameters():
        assert torch.allclose(parameter.grad, expected[name], atol=1e-6), name


def test_what_is_projected_is_what_is_predicted(
    batch: Any, facts: Any, network: Any, tensors: Any, monkeypatch: Any
) -> None:
    from llx.plugins.nn import likelihood

    projected: list[int] = []
    original = likelihood.vocabulary_loss
    monkeypatch.setattr(
        likelihood,
        "vocabulary_loss",
        lambda hidden, *more, **named: projected.append(len(hidden)) or original(hidden, *more, **named),
    )
    prepared = drawn(batch, facts)
    MIXED.loss(network(MODEL, MIXED), tensors(prepared))
    turns = turns_of((0.7, 0.3))
    places = prepared["masked.positions"].shape[1]
    assert projected == [turns.most(0, 8) * 24, turns.most(1, 8) * places] == [6 * 24, 3 * places]


def test_an_objective_without_a_row_has_no_arrays(batch: Any, facts: Any, network: Any, tensors: Any) -> None:
    one = {name: array[:1] for name, array in batch.items()}
    seen = set()
    for seed in range(20):
        prepared = drawn(one, facts, seed)
        name = ("causal", "masked")[int(prepared["part"][0])]
        assert [array for array in prepared if array.endswith(".targets")] == [f"{name}.targets"]
        loss, shown = MIXED.loss(network(MODEL, MIXED), tensors(prepared))
        assert loss.item() == pytest.approx(shown[f"{name}_loss"].item() / shown[f"{name}_loss_count"].item(), rel=1e-5)
        seen.add(name)
    assert seen == {"causal", "masked"}


def test_the_head_is_that_of_the_largest_part_that_writes(network: Any) -> None:
    net = network(Decoder(**SIZES, tied_embeddings=False), MIXED)
    assert [name for name, _ in net.head.named_parameters()] == ["weight"]
    for shares in ({"masked": 0.8, "causal": 0.2}, {"causal": 0.2, "masked": 0.8}):
        assert Mixed(parts={"masked": MASKED, "causal": CAUSAL}, shares=shares).learned() == CAUSAL
    assert MIXED.tells_apart({}) == CAUSAL.tells_apart({}) == "vocabulary"


def test_streams_of_different_lengths_come_together(
    rows: Any, together: Any, facts: Any, network: Any, tensors: Any
) -> None:
    """UL2's denoisers, of which each leaves out and writes as much as its settings say (Tay et al. 2022)."""
    model = EncoderDecoder(**SIZES)
    few, many = SpanCorruption(), SpanCorruption(rate=0.5, mean_length=8)
    denoisers = Mixed(parts={"r": few, "x": many}, shares={"r": 0.5, "x": 0.5})
    made = together(rows(denoisers.encoding(model.shape), [{"text": "the cat sat on the mat. " * 12}]))
    prepared = denoisers.prepare(made, np.random.default_rng(0), facts)
    for stream in ("source", "target"):
        assert prepared[f"{stream}_tokens"].shape == prepared[f"{stream}_segments"].shape
    assert prepared["r.targets"].shape == prepared["x.targets"].shape == prepared["target_tokens"].shape
    loss, _ = denoisers.loss(network(model, denoisers), tensors(prepared))
    assert loss.item() / denoisers.count(prepared) == pytest.approx(np.log(facts["vocab_size"]), rel=0.1)
    assert np.array_equal(
        denoisers.carries(prepared), (prepared["r.targets"] != IGNORED) | (prepared["x.targets"] != IGNORED)
    )


@pytest.mark.parametrize(
    ("model", "parts", "codes"),
    [
        (MODEL, {"a": CausalLM(), "b": MaskedLM(), "c": FillInMiddle(), "d": PrefixLM()}, []),
        (Encoder(**SIZES), {"a": MaskedLM(), "b": MaskedLM(spans=True)}, []),
        (EncoderDecoder(**SIZES), {"a": SpanCorruption(), "b": SpanCorruption(rate=0.5)}, []),
        (Encoder(**SIZES), {"a": CausalLM(), "b": MaskedLM()}, ["L0603"]),
        (MODEL, {"a": CausalLM(), "b": SpanCorruption()}, ["L0603"]),
        (MODEL, {"a": CausalLM(), "b": CausalLM(packing="best_fit")}, ["L0604"]),
    ],
)
def test_what_goes_together(model: Any, parts: dict[str, Any], codes: list[str]) -> None:
    place = Place(Path())
    Mixed(parts=parts, shares=dict.fromkeys(parts, 1 / len(parts))).check_model(place, model, "objective")
    assert [problem.code for problem in place.problems] == codes
