"""What a training leaves: two checkpoints, and the facts of how it went."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from ...plugins.canonical import describe
from ...plugins.component import Facts
from ...plugins.nn.stored import BESIDE, BODY
from ..files import link, write_json
from ..fitting import openings
from .build import checkpoint_facts
from .checkpoint import whole_or_nothing
from .learner import Learner
from .measure import measure, trivial_loss
from .setup import Setup
from .state import State
from .weights import Tensors, local, tensors_of


def write_result(setup: Setup, learner: Learner, state: State, last: Tensors, best: Tensors) -> None:
    """Write `last/` and `best/` into the work's directory; the layout is told in plugins/nn/stored.py.

    All of a team that write call it, and the first one adds what stands beside the weights.
    """
    about: Facts = {}
    if setup.adapter is not None:
        about = {"adapter": describe(setup.adapter), "trained_head": setup.trains_head}
    for name, weights, step in (("last", last, state.step), ("best", best, best_step(state))):
        folder = setup.work.directory / name
        with whole_or_nothing(folder, setup.team):
            setup.team.write(folder / (BODY if setup.base is None else BESIDE), weights)
            chosen = settled(setup, learner, weights, state.micro_batch)
            if setup.team.rank:
                continue
            if setup.base is not None:
                link(setup.base, folder / BODY)
            shutil.copyfile(setup.tokenizer / "tokenizer.json", folder / "tokenizer.json")
            facts = checkpoint_facts(setup.job.objective, setup.facts, step=step, **about)
            write_json(folder / "facts.json", facts | chosen)


def settled(setup: Setup, learner: Learner, weights: Tensors, at_once: int) -> Facts:
    """Give what the objective chooses by the predictions of these weights on the validation rows, as `settled`.

    The training has ended: its network takes the weights, whatever stands beside them stays. What each rank holds a part
    of, all of them run.
    """
    job, rows = setup.job, setup.validation
    predicts = job.objective.predicts
    if rows is None or predicts is None or not predicts.settles:
        return {}
    own = tensors_of(setup.network)
    with torch.no_grad():
        for name, tensor in weights.items():
            local(own[name]).copy_(local(tensor))
    outcome = measure(learner, rows, setup.rows, setup.device, setup.dtype, predict=True, at_once=at_once)
    return {"settled": predicts.settle(outcome.records, rows.facts)}


def facts_of(setup: Setup, state: State, network: nn.Module, skipped: int | None) -> Facts:
    """Give the facts of a finished stage; `skipped` steps overflowed, None if none could."""
    losses = {line[0]: line[2] for line in state.curve}
    parameters = list(network.parameters())
    facts: Facts = {
        "loss": losses.get(best_step(state)),
        "last_loss": losses.get(state.step),
        "steps": state.step,
        "budget_steps": setup.budget.steps,
        "tokens": round(state.step * setup.pace.tokens_per_step),
        "epochs": state.step / setup.pace.steps_per_epoch,
        "best_step": best_step(state),
        "parameters": sum(p.numel() for p in parameters),
        "trained_parameters": sum(p.numel() for p in parameters if p.requires_grad),
        "stopped": "patience" if state.patience_spent else "budget",
        "head": setup.head,
        "micro_batch": state.micro_batch,
        "kernels": state.kernels,
        "curve": state.curve,
    }
    if setup.validation is not None and (trivial := trivial_loss(setup.validation, setup.rows)) is not None:
        facts["trivial_loss"] = trivial
    if setup.spread is not None:
        facts["padding"] = round(setup.spread.padding, 4)
    if repeats := setup.order.repeats(state.step):
        facts["sources"] = repeats
    if state.spikes.get("count"):
        facts["spikes"] = {name: state.spikes[name] for name in ("count", "steps")}
    if setup.taken is not None:
        facts["weights"] = setup.taken
    if opened := openings(state.curve):
        facts["overfits_from"] = [opening.step for opening in opened]
    if skipped is not None:
        facts["skipped_steps"] = skipped
    if setup.metric is not None:
        facts["best_value"] = state.best_value
    return facts


def facts_until(curve: Sequence[Sequence[Any]], limit: float, higher: bool) -> Facts:
    """Give the facts of a stage up to a step, from the lines of its validations: what selects, the best so far."""
    lines = [line for line in curve if line[0] <= limit] or curve[:1]
    values = [line[-1] for line in lines if line[-1] is not None]
    best = (max if higher else min)(values, default=None)
    return {"value": best, "better": "higher" if higher else "lower", "steps": lines[-1][0], "curve": [*lines]}


def best_step(state: State) -> int:
    """Give the step of the best weights: without a validation the last one's."""
    return state.step if state.best_step is None else state.best_step
