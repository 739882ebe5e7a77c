"""What happens at a validation: the model is measured, and its weights are kept if they are the best so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...dsl.diagnostics.model import Text
from ...plugins.builtin.decoding.greedy import Greedy
from ...plugins.component import TaskFailed
from ...plugins.work import Outcome
from ..events import Validated
from ..fitting import openings
from .answers import answers, are_needed, records_of
from .learner import Learner
from .measure import mean_loss, measure
from .meter import means
from .samples import author_of
from .setup import Setup
from .state import State
from .update import Update
from .weights import Tensors, copied, like, tensors_of


def waited(results: Sequence[float | None], least: float) -> int:
    """Count the validations since the last that was better than those before by more than `least`; less is better."""
    best, count = None, 0
    for result in results:
        if result is not None and (best is None or best - result > least):
            best, count = result, 0
        else:
            count += 1
    return count


class Validation:
    """Validates a training between its steps, with the weights that are kept (see `Update.averaged`)."""

    def __init__(self, setup: Setup, learner: Learner, update: Update, state: State) -> None:
        self.setup, self.learner, self.update, self.state = setup, learner, update, state
        self.best: Tensors | None = None
        """The weights of the best validation, on the host; None if they lie in a checkpoint only."""
        self.adapted = 1.0
        """What the schedule makes of the validations so far."""

    def is_interval(self, ended: bool) -> bool:
        """Tell whether it is time to look at the model."""
        return ended or (self.state.step > 0 and self.state.step % self.setup.validate_every == 0)

    def is_due(self, ended: bool) -> bool:
        """Tell whether to validate before the next step; a training that stopped right here has not done it yet."""
        return self.setup.validation is not None and self.is_interval(ended) and self.state.validated != self.state.step

    def validate(self, between: Callable[[int], None]) -> Validated:
        """Measure the validation rows; keep the weights if they are the best so far, and count if they aren't.

        `between` is called after each batch.
        """
        setup, state, metric = self.setup, self.state, self.setup.metric
        outcome = self._measured(between)
        figures = {"validation_loss": mean_loss(outcome)}
        value, higher = figures["validation_loss"], False
        if metric is not None:
            value, higher = metric.compute(outcome), metric.higher_is_better
            figures[metric.name] = value
        better = math.isfinite(value) and (
            state.best_value is None or (value > state.best_value if higher else value < state.best_value)
        )
        if better:
            state.best_value, state.best_step = value, state.step
            with self.update.averaged():
                self.best = self.weights()
        total, count = state.since_validation
        train_loss = total / count if count else None
        state.since_validation = [0.0, 0.0]
        # JSON has no number that isn't finite.
        state.curve.append([state.step, train_loss, *(v if math.isfinite(v) else None for v in figures.values())])
        state.validated = state.step
        self.adapt()
        self._say_opening()
        job = setup.job
        state.waited = waited(self._results(), job.min_change)
        state.patience_spent = job.patience is not None and state.waited >= job.patience
        sums = {name: value for name, value in outcome.sums.items() if name not in ("loss", "count", "rows")}
        further = {f"validation_{name}": value for name, value in means(sums, outcome.sums["count"]).items()}
        return Validated(setup.work.fingerprint, state.step, figures | further, better)

    def _measured(self, between: Callable[[int], None]) -> Outcome:
        setup, metric = self.setup, self.setup.metric
        assert setup.validation is not None
        with self.update.averaged():
            outcome = measure(
                self.learner,
                setup.validation,
                setup.rows,
                setup.device,
                setup.dtype,
                predict=metric is not None and metric.needs != "loss",
                targets=metric is not None,
                between=between,
                at_once=self.state.micro_batch,
                team=setup.team,
            )
            if metric is not None and are_needed([metric]):
                outcome.records = self._answers(between)
        return outcome

    def _answers(self, between: Callable[[int], None]) -> list[Mapping[str, Any]]:
        """Write from the validation records by greedy choice, which costs least; ranks do so each for itself."""
        setup = self.setup
        assert setup.validation is not None and setup.job.data is not None
        if setup.team.sharded:
            raise TaskFailed("L0771", {}, field="select", help="L0771.help")
        with author_of(setup.network, setup) as author:
            return answers(author, records_of(setup.validation), Greedy(), between)

    def adapt(self) -> None:
        """Ask the schedule what the validations mean to it."""
        self.adapted = self.setup.job.schedule.adapted(self._results())

    def _results(self) -> list[float | None]:
        """Give what selects, the last of each line of the curve, so that less is better."""
        metric = self.setup.metric
        sign = -1 if metric is not None and metric.higher_is_better else 1
        return [None if line[-1] is None else sign * line[-1] for line in self.state.curve]

    def _say_opening(self) -> None:
        """Warn if this validation is the one that shows that the gap between training and validation loss opens."""
        state, job = self.state, self.setup.job
        for opening in openings(state.curve)[-1:]:
            if opening.step == state.step:
                change = Text("fitting.stop" if job.patience is None else "fitting.stops")
                self.setup.work.progress.log("fitting.warning", opening=opening.text(), change=change)

    def weights(self) -> Tensors:
        """Give the network's weights on the host, where they are to be written."""
        return copied(self._own(), self.setup.team.writes)

    def best_weights(self) -> Tensors:
        """Give the weights of the best validation, or without one those of the last step."""
        state = self.state
        if state.best_step in (None, state.step):
            return self.weights()
        if self.best is not None or not self.setup.team.writes:
            return self.best or {}
        assert state.best_step is not None
        stored, own = self.setup.checkpoints.best(state.best_step), self._own()
        return {name: like(own[name], tensor) for name, tensor in stored.items()}

    def _own(self) -> Tensors:
        return tensors_of(self.setup.network, self.setup.still)
