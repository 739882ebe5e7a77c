"""One step: accumulation, clipping, the guard against what is not finite, device meta."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from llx.plugins.builtin.encoding.packed import Packed
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.nn.network import Network
from llx.runtime.training.build import build
from llx.runtime.training.learner import Learner
from llx.runtime.training.loader import Ready, tensors
from llx.runtime.training.step import FiniteGuard, NonFinite, clipped_norm, gradients
from llx.runtime.training.team import Team
from small import small_model
from torch import nn

FACTS: dict[str, Any] = {"vocab_size": 50, "roles": {"end": 0, "mask": 1, "pad": 2}}
CPU = torch.device("cpu")


def a_batch(rows: int = 8) -> dict[str, Any]:
    draw = np.random.default_rng(0)
    raw = {"tokens": draw.integers(3, 50, (rows, 33)), "segments": np.ones((rows, 33), np.int64)}
    raw["segments"][0, 20:] = 2
    raw["segments"][1, 30:] = 0
    return CausalLM().prepare(raw, draw, FACTS)


def ready(batch: dict[str, Any], size: int, team: Team | None = None) -> Ready:
    rows = len(batch["tokens"])
    shares, weights = zip(*(team or Team()).share(rows, size), strict=True)
    return Ready(0, np.arange(rows), CausalLM().count(batch), tensors(batch, shares), list(weights))


class OneOfThree(Team):
    size = 3

    def __init__(self, rank: int) -> None:
        self.rank = rank


def grads_of(network: Network) -> list[torch.Tensor]:
    return [p.grad.clone() for p in network.parameters() if p.grad is not None]


@pytest.mark.parametrize("size", [1, 3, 4])
def test_micro_batches_add_up_to_the_gradient_of_the_whole(size: int) -> None:
    batch, objective = a_batch(), CausalLM()
    results = []
    for rows in (8, size):
        network = build(small_model(dropout=0), objective, FACTS, 0)
        sums = gradients(Team(), Learner(network, objective), ready(batch, rows), CPU, torch.float32)
        results.append((sums["loss"], grads_of(network)))
    torch.testing.assert_close(results[0], results[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("size", [1, 2, 8])
def test_the_gradients_of_ranks_add_up_to_that_of_the_whole(size: int) -> None:
    """Of 8 rows, which three can't share evenly; with one row at once a rank has none of its own in the last part."""
    batch, objective = a_batch(), CausalLM()
    network = build(small_model(dropout=0), objective, FACTS, 0)
    learner = Learner(network, objective)
    sums = gradients(Team(), learner, ready(batch, 8), CPU, torch.float32)
    wanted = grads_of(network)
    network.zero_grad()
    teams = [OneOfThree(rank) for rank in range(3)]
    parts = [ready(batch, size, team) for team in teams]
    assert len({len(part.parts) for part in parts}) == 1, "they wait for each other in each"
    found = [gradients(team, learner, part, CPU, torch.float32) for team, part in zip(teams, parts, strict=True)]
    torch.testing.assert_close(grads_of(network), wanted, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(sum(each["loss"] for each in found), sums["loss"], rtol=1e-6, atol=0.0)


@pytest.mark.parametrize("rows", [1, 2, 5, 12, 13])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_ranks_share_rows_without_a_gap_or_a_row_twice(rows: int, size: int) -> None:
    whole = list(Team().share(rows, size))
    assert [part.stop - part.start for part, _ in whole] == [size] * (rows // size) + [rows % size] * (rows % size > 0)
    taken: list[int] = []
    for rank in range(3):
        for part, weight in OneOfThree(rank).share(rows, size):
            assert 1 <= part.stop - part.start <= size
            taken += range(part.start, part.stop) if weight else ()
    assert sorted(taken) == list(range(rows))


def test_a_step_runs_on_device_meta() -> None:
    meta = torch.device("meta")
    objective = CausalLM()
    with meta:
        network = build(small_model(), objective, FACTS, 0)
    batch = a_batch()
    sums = gradients(Team(), Learner(network, objective), ready(batch, 4), meta, torch.float32)
    norm = clipped_norm(network.parameters(), 1.0)
    assert sums["loss"].is_meta
    assert norm.is_meta
    assert Packed(length=33, overlap=1).arrays()["tokens"].shape == (33,)


def test_segments_that_say_nothing_are_left_out() -> None:
    batch = a_batch()
    assert "segments" in tensors(batch, [slice(8)])[0]
    assert "segments" in tensors(batch, [slice(4), slice(4, 8)])[1], (
        "a micro-batch keeps what its batch needs: ranks must agree"
    )
    batch["segments"][:] = 1
    assert "segments" not in tensors(batch, [slice(8)])[0]


def test_clipping() -> None:
    weight = nn.Parameter(torch.zeros(4))
    weight.grad = torch.full((4,), 3.0)
    assert float(clipped_norm([weight], None)) == 6
    assert float(clipped_norm([weight], 1.5)) == 6
    assert float(weight.grad.norm()) == pytest.approx(1.5, rel=1e-4)


@pytest.mark.parametrize("bad", ["norm", "loss"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_is_refused_before_the_optimizer(bad: str, value: float) -> None:
    guard = FiniteGuard(torch.optim.SGD([nn.Parameter(torch.ones(1))]), CPU)
    given = {"norm": torch.tensor(1.0), "loss": torch.tensor(2.0)}
    guard.admit(0, **given)
    with pytest.raises(NonFinite) as caught:
        guard.admit(1, **(given | {bad: torch.tensor(value)}))
    assert caught.value.step == 1


def test_an_optimizer_that_is_told_of_it_leaves_the_weights_alone() -> None:
    """Hold what FiniteGuard relies on where it doesn't wait: fused optimizers look at `found_inf`."""
    weight = nn.Parameter(torch.ones(3))
    optimizer: Any = torch.optim.AdamW([weight], fused=True)
    assert optimizer._step_supports_amp_scaling
    weight.grad = torch.full((3,), float("nan"))
    optimizer.grad_scale, optimizer.found_inf = None, torch.ones(())
    optimizer.step()
    assert weight.tolist() == [1, 1, 1]
    weight.grad, optimizer.found_inf = torch.ones(3), torch.zeros(())
    optimizer.step()
    assert weight.tolist() != [1, 1, 1]
