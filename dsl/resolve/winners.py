"""What builds on the best trial of a sweep, built on each of its trials: any of them may be the best."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics.model import Diagnostic
from .base import Context
from .bindings import in_order, is_sweep, value_of


def on_each_trial(context: Context) -> Iterator[tuple[Context, list[Diagnostic]]]:
    """Give each trial that isn't what the file was built on, with what is found when it is the best one."""
    for sweep, trials in context.trials.items():
        if sweep in context.winners:
            continue
        bindings = context.bindings.values()
        waiting = frozenset(one.name for one in bindings if sweep in one.awaits and not is_sweep(context, one))
        tried = [trials[0].given]
        for number, trial in enumerate(trials) if waiting else ():
            if trial.given in tried:
                continue  # another seed makes no other description
            tried.append(trial.given)
            yield trial, _found(context, waiting, sweep, number)


def _found(context: Context, waiting: frozenset[str], sweep: str, number: int) -> list[Diagnostic]:
    winners = {**context.winners, sweep: number}
    other = Context(
        context.module,
        context.catalogue,
        context.root,
        context.given,
        context.evaluator,
        outer=context,
        winners=winners,
    )
    other.recipes, other.origins, other.instances = context.recipes, context.origins, context.instances
    other.lost, other.own, other.settings = context.lost, waiting, context.settings
    for binding in in_order(other, sorted(waiting)):
        if binding.name in waiting:
            value_of(other, binding)
    return other.found
