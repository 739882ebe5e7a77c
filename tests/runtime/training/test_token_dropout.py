"""Tokens that are hidden while a model learns: how many, which ones never, and from whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from llx.dsl.quantities import Quantity
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.masked_lm import MaskedLM
from llx.plugins.builtin.objective.mixed import Mixed
from llx.plugins.component import TaskFailed
from llx.runtime.training import train
from llx.runtime.training.order import Keyed
from llx.runtime.training.setup import Setup
from llx.runtime.training.token_dropout import TokenDropout
from small import ROLES, small_job

DROPOUT = TokenDropout.of(0.25, {"roles": ROLES})


def draws() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_share_is_dropped_and_neither_special_tokens_nor_padding_nor_targets() -> None:
    tokens = draws().integers(0, 40, (50, 64))
    segments = np.ones_like(tokens)
    segments[:, 50:] = 0
    batch = {"tokens": tokens, "segments": segments, "targets": tokens.copy()}
    dropped = DROPOUT.of_batch(batch, draws())
    changed = dropped["tokens"] != tokens
    assert set(dropped["tokens"][changed]) == {ROLES["mask"]}
    assert not changed[:, 50:].any()
    assert not changed[np.isin(tokens, [0, 1, 2])].any()
    assert changed[:, :50][tokens[:, :50] > 2].mean() == pytest.approx(0.25, abs=0.02)
    assert np.array_equal(dropped["targets"], batch["targets"])
    assert np.array_equal(batch["tokens"], batch["targets"]), "the batch itself stays"


def test_each_stream_and_each_part_is_dropped_from() -> None:
    streams = ["tokens", "source_tokens", "target_tokens", "causal.tokens"]
    batch = {name: np.full((8, 32), 7) for name in streams} | {"positions": np.full((8, 4), 7)}
    dropped = DROPOUT.of_batch(batch, draws())
    assert all((dropped[name] == ROLES["mask"]).any() for name in streams)
    assert (dropped["positions"] == 7).all()


def test_a_tokenizer_without_a_mask_is_refused() -> None:
    with pytest.raises(TaskFailed) as caught:
        TokenDropout.of(0.1, {"roles": {"end": 0}})
    assert (caught.value.code, caught.value.field) == ("L0790", "token_dropout")


MIXED = Mixed(parts={"a": CausalLM(), "b": MaskedLM()}, shares={"a": 0.5, "b": 0.5})


@pytest.mark.parametrize("objective", [CausalLM(), MaskedLM(), MIXED])
def test_training_rows_lose_tokens_and_rows_that_are_measured_none(tmp_path: Path, objective: Any) -> None:
    project, job = small_job(tmp_path, token_dropout=0.5)
    setup = Setup(job, project.work)
    rows = np.arange(8)
    assert setup.validation is not None
    assert setup.validation.token_dropout is None
    same = setup.reader.prepared(rows, 5), setup.reader.prepared(rows, 5), setup.reader.prepared(rows, 6)
    assert np.array_equal(same[0]["tokens"], same[1]["tokens"])
    assert not np.array_equal(same[0]["tokens"], same[2]["tokens"])
    read = {name: array.astype(np.int64) for name, array in setup.shards.read(rows).items()}
    before = objective.prepare(dict(read), Keyed().of(5), setup.facts)
    after = DROPOUT.of_batch(before, Keyed().of(6))
    assert objective.count(after) == objective.count(before)


def test_a_model_learns_though_it_loses_tokens(tmp_path: Path) -> None:
    losses = {}
    for rate in (0.0, 0.3):
        (tmp_path / str(rate)).mkdir()
        project, job = small_job(tmp_path / str(rate), token_dropout=rate, budget=[Quantity(20, "steps")])
        losses[rate] = [line[1] for line in train(job, project.work, lambda event: None)["curve"]]
    assert losses[0.3][-1] < losses[0.3][1]
    assert losses[0.3][-1] > losses[0.0][-1], "it is harder"
