"""Gradients added up over micro-batches are those of the whole batch, for every objective."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import numpy as np
import pytest
import torch
from llx.plugins import testing_kinds as kinds
from llx.plugins.builtin import COMPONENTS
from llx.plugins.nn.network import Network
from llx.plugins.values import Objective
from llx.runtime.training.learner import Learner
from llx.runtime.training.loader import Ready, tensors
from llx.runtime.training.step import gradients
from llx.runtime.training.team import Team

CPU = torch.device("cpu")
ROUNDING = 2e-5
"""Of the largest gradient of a tensor: sums of float32 in another order."""


def objectives() -> Iterator[Objective]:
    """Give every built-in objective that reads texts and labels, as it is by default."""
    for name, class_name in COMPONENTS["objective"].items():
        module = import_module(f"llx.plugins.builtin.objective.{name}")
        cls = getattr(module, class_name)
        if any(field.is_required() for field in cls.model_fields.values()):
            continue
        objective = cls()
        if set(objective.reads()) <= set(kinds.RECORDS[0]):
            yield objective


@pytest.mark.parametrize("objective", list(objectives()), ids=lambda one: one.name)
def test_micro_batches_of_any_size_give_the_gradient_of_the_batch(objective: Objective) -> None:
    model = kinds.model_for(objective)
    batch, facts = kinds._prepared(objective, model.shape, kinds.RECORDS * 2)
    rows = len(next(iter(batch.values())))
    count = float(objective.count(batch))

    def found(size: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        network: Network = kinds._network(objective, model, facts)
        shares, weights = zip(*Team().share(rows, size), strict=True)
        ready = Ready(0, np.arange(rows), count, tensors(batch, shares), list(weights))
        sums = gradients(Team(), Learner(network, objective), ready, CPU, torch.float32)
        return sums["loss"], {name: p.grad for name, p in network.named_parameters() if p.grad is not None}

    loss, whole = found(rows)
    for size in {1, 2, max(1, rows - 1)}:
        added_loss, added = found(size)
        torch.testing.assert_close(added_loss, loss, rtol=1e-5, atol=0)
        assert added.keys() == whole.keys()
        largest = max(float(gradient.abs().max()) for gradient in whole.values())
        for name, gradient in whole.items():
            scale = max(float(gradient.abs().max()), 1e-3 * largest)
            assert float((added[name] - gradient).abs().max()) <= ROUNDING * scale, (name, size)


def test_rows_of_classification_have_lengths_of_their_own() -> None:
    """What makes the case above a hard one: means over micro-batches would weigh rows otherwise."""
    from llx.plugins.builtin.objective.classification import Classification

    objective = Classification()
    batch, _ = kinds._prepared(objective, kinds.model_for(objective).shape, kinds.RECORDS)
    assert len(set(np.count_nonzero(batch["segments"], axis=1).tolist())) > 2
