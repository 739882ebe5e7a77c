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
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.classification import Classification
from llx.plugins.builtin.objective.fill_in_middle import FillInMiddle
from llx.plugins.builtin.objective.masked_lm import MaskedLM
from llx.plugins.builtin.objective.mixed import Mixed
from llx.plugins.component import Place
from llx.runtime.training.meter import means

SIZES: dict[str, Any] = {"layers": 2, "hidden_size": 32, "heads": 4, "context_length": 24}
MODEL = Decoder(**SIZES)
MIXED = Mixed(parts={"causal": CausalLM(), "masked": MaskedLM(whole_word=True)}, shares={"causal": 0.7, "masked": 0.3})


@pytest.fixture
def batch(rows: Any, together: Any) -> Any:
    records = [{"text": "the cat sat on the mat. " * 6}, {"text": "rain fell on the red roof."}]
    return together(rows(MIXED.encoding(MODEL.shape), records))


def drawn(batch: Any, facts: Any, seed: int) -> Any:
    return MIXED.prepare(batch, np.random.default_rng(seed), facts)


def part_of(prepared: Any) -> str:
    names = {name.split(".")[0] for name in prepared if "." in name}
    assert len(names) == 1
    return names.pop()


def test_rows_hold_what_each_part_wants(batch: Any, facts: Any) -> None:
    assert MIXED.encoding(MODEL.shape) == Packed(length=25, overlap=1, words=True)
    for seed in range(10):
        prepared = drawn(batch, facts, seed)
        name = part_of(prepared)
        assert prepared[f"{name}.tokens"].shape == (len(batch["tokens"]), 24)
        assert (f"{name}.prefix" in prepared) == (name == "masked")


def test_shares_are_those_that_were_asked_for(batch: Any, facts: Any, network: Any, tensors: Any) -> None:
    net, sums = network(MODEL, MIXED), dict[str, float]()
    for seed in range(400):
        prepared = drawn(batch, facts, seed)
        loss, further = MIXED.loss(net, tensors(prepared)) if seed < 40 else (torch.zeros(()), {})
        for name, value in {"loss": loss, **further}.items():
            sums[name] = sums.get(name, 0.0) + value.item() * (seed < 40)
        name = part_of(prepared)
        sums[f"n_{name}"] = sums.get(f"n_{name}", 0) + 1
    assert sums["n_causal"] / 400 == pytest.approx(0.7, abs=0.05)
    shown = means({name: value for name, value in sums.items() if not name.startswith("n_")}, 40 * len(batch["tokens"]))
    assert shown["causal_share"] + shown["masked_share"] == pytest.approx(1)
    # Each part's loss is that of guessing, by its own count, and the whole is their mean by share.
    assert shown["causal_loss"] == pytest.approx(np.log(300), rel=0.1)
    assert shown["masked_loss"] == pytest.approx(np.log(300), rel=0.1)
    whole = sum(shown[f"{name}_share"] * shown[f"{name}_loss"] for name in MIXED.parts)
    assert shown["loss"] == pytest.approx(whole, rel=1e-4)
    assert not any(name.endswith("_count") for name in shown)


def test_a_part_has_the_gradients_that_it_would_have_alone(batch: Any, facts: Any, network: Any, tensors: Any) -> None:
    seed = next(seed for seed in range(100) if part_of(drawn(batch, facts, seed)) == "causal")
    prepared, net = drawn(batch, facts, seed), network(MODEL, MIXED)
    loss, _ = MIXED.loss(net, tensors(prepared))
    (loss / MIXED.count(prepared)).backward()
    found = {name: parameter.grad.clone() for name, parameter in net.body.named_parameters()}
    alone, objective = network(MODEL, CausalLM()), CausalLM()
    given = objective.prepare(batch, np.random.default_rng(0), facts)
    (objective.loss(alone, tensors(given))[0] / objective.count(given)).backward()
    for name, parameter in alone.body.named_parameters():
        assert torch.allclose(parameter.grad, found[name], atol=1e-6), name


def test_parts_share_one_head(network: Any) -> None:
    net = network(Decoder(**SIZES, tied_embeddings=False), MIXED)
    assert [name for name, _ in net.head.named_parameters()] == ["heads.causal.weight"]
    assert net.head(torch.randn(2, 32)).shape == (2, 300)


@pytest.mark.parametrize(
    ("model", "parts", "codes"),
    [
        (MODEL, {"a": CausalLM(), "b": MaskedLM(), "c": FillInMiddle()}, []),
        (Encoder(**SIZES), {"a": MaskedLM(), "b": MaskedLM(spans=True)}, []),
        (Encoder(**SIZES), {"a": CausalLM(), "b": MaskedLM()}, ["L0603"]),
        (MODEL, {"a": CausalLM(), "b": Classification()}, ["L0604"]),
        (MODEL, {"a": Classification(), "b": Classification(pooling="last")}, []),
    ],
)
def test_what_goes_together(model: Any, parts: dict[str, Any], codes: list[str]) -> None:
    place = Place(Path())
    Mixed(parts=parts).check_model(place, model, "objective")
    assert [problem.code for problem in place.problems] == codes
