"""Layers that are computed again: the same bits, and less memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.component import TaskFailed
from llx.plugins.nn import attend
from llx.plugins.nn.kernels import Trial, using
from llx.plugins.work import Recompute
from llx.runtime.training.build import build
from llx.runtime.training.learner import Learner
from llx.runtime.training.loader import Ready, tensors
from llx.runtime.training.recompute import recompute
from llx.runtime.training.step import gradients
from llx.runtime.training.team import Team
from torch import nn

FACTS: dict[str, Any] = {"vocab_size": 50, "roles": {"end": 0, "mask": 1, "pad": 2}}
CPU = torch.device("cpu")


def a_batch(length: int = 33, rows: int = 4) -> dict[str, Any]:
    draw = np.random.default_rng(0)
    raw = {"tokens": draw.integers(3, 50, (rows, length)), "segments": np.ones((rows, length), np.int64)}
    raw["segments"][0, 20:] = 2
    return CausalLM().prepare(raw, draw, FACTS)


def ready() -> Ready:
    """Give two micro-batches of two rows."""
    parts = tensors(a_batch(), [slice(start, start + 2) for start in range(0, len(a_batch()["tokens"]), 2)])
    return Ready(0, np.arange(len(a_batch()["tokens"])), 100.0, parts, [1.0] * len(parts))


def model(**changed: Any) -> Decoder:
    return Decoder(**({"layers": 3, "hidden_size": 32, "heads": 2, "context_length": 128, "dropout": 0.1} | changed))


@pytest.mark.parametrize("what", ["block", "selective"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_losses_and_gradients_keep_their_bits(what: Recompute, dtype: torch.dtype, dropout: float) -> None:
    results = []
    for how in ("none", what):
        network = build(model(dropout=dropout, positions="rope"), CausalLM(), FACTS, 0)
        recompute(network.body, how)  # type: ignore[arg-type]
        torch.manual_seed(5)
        sums = gradients(Team(), Learner(network, CausalLM()), ready(), CPU, dtype)
        results.append((sums["loss"], {name: p.grad for name, p in network.named_parameters()}))
    (loss, grads), (other_loss, other_grads) = results
    assert torch.equal(loss, other_loss)
    assert grads.keys() == other_grads.keys()
    for name, grad in grads.items():
        assert grad is not None
        assert torch.equal(grad, other_grads[name]), name


def kept_bytes(what: Recompute, made: Decoder) -> int:
    """Give the bytes that a forward pass through the body keeps, by storage."""
    network = build(made, CausalLM(), FACTS, 0)
    recompute(network.body, what)
    held: dict[int, int] = {}
    own = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            held[storage.data_ptr()] = storage.nbytes()
        return tensor

    tokens = torch.randint(3, 50, (4, 128))
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        states = network.body(tokens, None)
    assert states.requires_grad
    return sum(held.values())


def test_a_block_keeps_its_input_alone() -> None:
    made = model(layers=4, dropout=0.0)
    layer = 4 * 4 * 128 * 32
    assert kept_bytes("block", made) <= (4 + 3) * layer, "an input a layer, embedding and norm"
    assert kept_bytes("none", made) > 4 * kept_bytes("block", made)


def test_the_plan_counts_less_the_more_is_computed_again() -> None:
    made = model(layers=12)
    none, selective, block = (
        made.activation_bytes(50, 4, 128, what)  # type: ignore[arg-type]
        for what in ("none", "selective", "block")
    )
    assert none > selective > block > none / 12


def test_a_body_without_layers_is_told() -> None:
    with pytest.raises(TaskFailed, match="L0892"):
        recompute(nn.Linear(2, 2), "block")


def test_it_runs_on_device_meta() -> None:
    meta = torch.device("meta")
    for what in ("block", "selective"):
        with meta:
            network = build(model(dropout=0.0), CausalLM(), FACTS, 0)
        recompute(network.body, what)  # type: ignore[arg-type]
        gradients(Team(), Learner(network, CausalLM()), ready(), meta, torch.float32)
        assert all(parameter.grad is not None for parameter in network.parameters())


@pytest.mark.parametrize("what", ["block", "selective"])
def test_ways_are_timed_within_layers_that_are_computed_again(what: Recompute, monkeypatch: pytest.MonkeyPatch) -> None:
    """The calibration takes gradients in the midst of a forward pass."""
    monkeypatch.setattr(attend, "LEAST_SCORES", 0)

    class Timing:
        def __init__(self) -> None:
            self.taken: dict[str, str] = {}

        def choose(self, about: str, trials: Mapping[str, Trial]) -> str:
            for trial in trials.values():
                trial()
            self.taken[about] = next(iter(trials))
            return self.taken[about]

    results = []
    for how in ("none", what):
        network = build(model(dropout=0.0), CausalLM(), FACTS, 0)
        recompute(network.body, how)  # type: ignore[arg-type]
        timing = Timing()
        with using(timing):
            sums = gradients(Team(), Learner(network, CausalLM()), ready(), CPU, torch.bfloat16)
        assert timing.taken
        results.append((sums["loss"], [p.grad for p in network.parameters() if p.grad is not None]))
    assert torch.equal(results[0][0], results[1][0])
    assert all(torch.equal(one, other) for one, other in zip(results[0][1], results[1][1], strict=True))
