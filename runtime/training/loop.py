"""The one training loop, of every objective: steps, and what happens between them."""

from __future__ import annotations

import math
from contextlib import ExitStack

import torch

from ...plugins.component import Facts, TaskFailed
from ...plugins.work import Interrupted
from ..events import CheckpointSaved, Listener, Sampled, Step, Validated
from .calibrate import Calibration
from .checkpoint import Saved, environment
from .gradients import Gradients
from .learner import Learner
from .loader import Batches, Loader, Ready
from .measure import mean_loss, measure
from .memory import told_if_memory_runs_out
from .meter import Meter, means
from .monitor import Monitor
from .profile import profiled
from .result import facts_of, write_result
from .samples import samples
from .saver import Saver
from .setup import Setup
from .state import State
from .step import NonFinite, Sums
from .update import Update
from .weights import (
    Tensors,
    copied,
    put,
    require_finite,
    require_match,
    tensors_of,
)

LOG_EVERY = 10
"""Steps between those that are logged."""
_SAVE_SECONDS = 60.0
_STALL = 0.01
"""The part of the time that saving may take."""
_SHOW_SECONDS = 0.5
_MOST_THREADS = 1024


class Training:
    """A training that runs: the network, its optimizer, and the counters."""

    def __init__(self, setup: Setup, emit: Listener, chooser: Calibration) -> None:
        self.setup, self.job, self.work = setup, setup.job, setup.work
        self.emit, self.fingerprint = emit, setup.work.fingerprint
        self.network, self.team = setup.network, setup.team
        self.learner = Learner(self.network, self.job.objective)
        self.team.place(self.learner, setup.dtype)
        self.update = Update(self.job, self.network, setup.device, setup.dtype)
        self.chooser = chooser
        self.state = State(setup.micro_batch, kernels=chooser.taken)
        self.best: Tensors | None = None
        """The weights of the best validation, on the host; None if they lie in a checkpoint only."""
        self.meter = Meter(setup.device)
        self.monitor = Monitor(setup, self.network)
        self.figures: dict[str, float] = {}
        """What is shown beside the progress."""
        self.adapted = 1.0
        """What the schedule makes of the validations so far."""
        self.started = self.shown = self.saved = self.team.now()
        self.saver = Saver(setup.checkpoints, lambda step: emit(CheckpointSaved(self.fingerprint, step)))

    @property
    def elapsed(self) -> float:
        return self.state.elapsed + self.team.now() - self.started

    def run(self) -> Facts:
        """Go through the budget and write the result."""
        self._resume()
        state, setup = self.state, self.setup
        self.started = self.shown = self.saved = self.team.now()
        self._restart_clocks()
        self.network.train()
        with ExitStack() as stack:
            stack.enter_context(told_if_memory_runs_out(lambda: state.micro_batch))
            stack.enter_context(self.saver)
            kind = setup.device.type
            batches = Batches(setup.reader, setup.order, setup.seed, state.micro_batch, kind == "cuda", self.team)
            loader = batches if kind == "cpu" else stack.enter_context(Loader(batches, state.step))
            traced = stack.enter_context(profiled(self.work, setup.device))
            lap = self.monitor.watch.lap
            gradients = Gradients(setup, self.learner, state, lap)
            while True:
                ended = setup.budget.reached(state.step, self.elapsed)
                if self._validation_is_due(ended):
                    self._validate()
                if self.job.samples and not self.team.sharded and self._is_interval(ended):
                    self._sample()
                if ended or state.patience_spent:
                    break
                ready = loader.batch(state.step)
                lap("data")
                self._step(ready, gradients.of(ready, self.update.loss_scale))
                self._after_step()
                traced()
            self._settle()
        self._say_stall()
        self._say_spikes()
        with self.update.averaged():
            last, best = self._whole(), self._best()
        if self.team.rank == 0:
            write_result(setup, state, last, best)
        return facts_of(setup, state, self.network, self.update.skipped)

    def _best(self) -> Tensors:
        state = self.state
        if state.best_step in (None, state.step):
            return self._whole()
        if self.team.rank:
            return {}
        assert state.best_step is not None
        return self.best if self.best is not None else self.setup.checkpoints.best(state.best_step)

    def _whole(self) -> Tensors:
        """Give the weights on the host, where the first rank writes them."""
        return copied(tensors_of(self.network), self.team.rank == 0)

    # One step

    def _step(self, ready: Ready, sums: Sums) -> None:
        step = ready.step
        assert step == self.state.step
        self.monitor.before_update(step)
        try:
            self.update.take(step, sums["loss"], self._rate_factor)
        except NonFinite as error:
            if not self.update.guard.late:
                self._save()  # the weights are still those of the step before
            raise self._non_finite(error.step) from error
        self.monitor.after_update()
        self.monitor.watch.lap("optimizer")
        self.monitor.spikes.add(step + 1, sums["loss"], ready.count)
        self.meter.add(sums, ready.count)
        self.state.step = step + 1
        if self.state.step % LOG_EVERY == 0:
            self._log()

    def _rate_factor(self) -> float:
        """Give the part of the learning rate that this step has."""
        setup, step = self.setup, self.state.step
        factor = self.job.schedule.factor(step, setup.budget.done(step, self.elapsed), setup.pace.steps)
        return self.adapted * factor

    def _settle(self) -> None:
        """Wait for the verdict on the last step."""
        try:
            self.update.guard.settle()
        except NonFinite as error:
            raise self._non_finite(error.step) from error

    def _non_finite(self, step: int) -> TaskFailed:
        rows = self.setup.order.rows(step)
        values = {"step": step + 1, "rows": len(rows), "first": ", ".join(map(str, rows[:8].tolist()))}
        return TaskFailed("L0801", values, help="L0801.help")

    # What happens between steps

    def _after_step(self) -> None:
        self.saver.check()
        stop, save = self.team.meet(self.work.stopping(), self._save_is_due(self.team.now()))
        if (now := self.team.now()) - self.shown >= _SHOW_SECONDS:
            self.shown = now
            self._show()
        if stop:
            self._stop()
        self.monitor.watch.lap("rest")
        if save:
            self._save()
            self.monitor.watch.lap("checkpoint")

    def _stop_if_asked(self) -> None:
        if self.team.meet(self.work.stopping())[0]:
            self._stop()

    def _stop(self) -> None:
        self._save()
        self.saver.wait()
        self.work.progress.log("training.saved", step=self.state.step)
        raise Interrupted

    def _show(self) -> None:
        budget, step = self.setup.budget, self.state.step
        total, done = budget.steps, budget.done(step, self.elapsed)
        if total is not None and done <= step / total:
            self.work.progress(step, total, **self.figures)
        else:
            self.work.progress(done, 1.0, **self.figures)

    def _log(self) -> None:
        """Tell the means over the steps since the last time, and how fast they went."""
        figures = self.meter.take(self.state, self.setup.pace.tokens_per_step)
        if figures is None:
            return
        update = self.update
        figures["lr"] = update.rates[0] * update.factor
        figures["epoch"] = self.state.step / self.setup.pace.steps_per_epoch
        if update.norm is not None:
            figures["gradient_norm"] = float(update.norm)
        if update.skipped is not None:
            figures["skipped_steps"] = update.skipped
        speed, state = figures["tokens_per_second"], self.state
        figures |= self.monitor.figures(state.step, state.micro_batch, speed, self.elapsed)
        self.figures = {name: figures[name] for name in ("loss", "tokens_per_second")}
        self.emit(Step(self.fingerprint, self.state.step, figures))
        self._say_spikes()

    def _say_spikes(self) -> None:
        """Tell of steps whose loss was far beyond what is usual, and of the rows that they saw."""
        for step, loss, usual in self.monitor.spikes.look():
            rows = self.setup.order.rows(step - 1)
            first = ", ".join(map(str, rows[:8].tolist()))
            values = {"step": step, "loss": f"{loss:.4g}", "usual": f"{usual:.4g}", "rows": len(rows), "first": first}
            self.work.progress.log("training.spike", **values)
        self.state.spikes = self.monitor.spikes.json()

    def _sample(self) -> None:
        """Let the model write, for people to read."""
        with self.update.averaged():
            texts = samples(self.network, self.setup, self.job.samples)
        self.emit(Sampled(self.fingerprint, self.state.step, tuple(texts)))
        self._restart_clocks()

    def _restart_clocks(self) -> None:
        """Measure from now on: what was done last was no training."""
        self.meter.restart_clock()
        self.monitor.watch.lap(None)

    def _is_interval(self, ended: bool) -> bool:
        """Tell whether it is time to look at the model."""
        return ended or (self.state.step > 0 and self.state.step % self.setup.validate_every == 0)

    def _validation_is_due(self, ended: bool) -> bool:
        """Tell whether to validate before the next step; a training that stopped right here has not done it yet."""
        state = self.state
        return self.setup.validation is not None and self._is_interval(ended) and state.validated != state.step

    def _validate(self) -> None:
        """Measure the validation rows; keep the weights if they are the best so far, and count if they aren't."""
        self._settle()
        setup, state = self.setup, self.state
        assert setup.validation is not None
        self._log()
        metric = setup.metric
        with self.update.averaged():
            outcome = measure(
                self.learner,
                setup.validation,
                setup.rows,
                setup.device,
                setup.dtype,
                predict=metric is not None and metric.needs != "loss",
                targets=metric is not None,
                between=lambda rows: self._stop_if_asked(),
                at_once=state.micro_batch,
                team=self.team,
            )
        figures = {"validation_loss": mean_loss(outcome)}
        value, higher = figures["validation_loss"], False
        if metric is not None:
            value, higher = metric.compute(outcome), metric.higher_is_better
            figures[metric.name] = value
        better = math.isfinite(value) and (
            state.best_value is None or (value > state.best_value if higher else value < state.best_value)
        )
        if better:
            state.best_value, state.best_step, state.waited = value, state.step, 0
            with self.update.averaged():
                self.best = self._whole()
        else:
            state.waited += 1
        total, count = state.since_validation
        train_loss = total / count if count else None
        state.since_validation = [0.0, 0.0]
        # JSON has no number that isn't finite.
        state.curve.append([state.step, train_loss, *(v if math.isfinite(v) else None for v in figures.values())])
        state.validated = state.step
        self._adapt()
        state.patience_spent = self.job.patience is not None and state.waited >= self.job.patience
        sums = {name: value for name, value in outcome.sums.items() if name not in ("loss", "count", "rows")}
        further = {f"validation_{name}": value for name, value in means(sums, outcome.sums["count"]).items()}
        self.emit(Validated(self.fingerprint, state.step, figures | further, better))
        self._restart_clocks()

    def _adapt(self) -> None:
        """Ask the schedule what the validations mean to it; what selects is the last of a line of the curve."""
        metric = self.setup.metric
        sign = -1 if metric is not None and metric.higher_is_better else 1
        results = [None if line[-1] is None else sign * line[-1] for line in self.state.curve]
        self.adapted = self.job.schedule.adapted(results)

    # Saving and going on

    def _save_is_due(self, now: float) -> bool:
        given = self.job.save
        if given is not None and given.dimension != "time":
            return self.state.step % max(round(self.setup.pace.steps(given)), 1) == 0
        interval = given.magnitude if given is not None else max(_SAVE_SECONDS, self.saver.last_stall / _STALL)
        return now - self.saved >= interval and not self.saver.is_busy

    def _save(self) -> None:
        self._settle()
        self._say_spikes()
        state = self.state.json()
        state["elapsed"] = self.elapsed
        state["sums"] = self.meter.json()
        best = None
        if self.best is not None and self.state.best_step is not None:
            best = (self.state.best_step, self.best)
        first = self.team.rank == 0
        with self.update.averaged(False):
            self.saver.save(self.state.step, tensors_of(self.network), self.update.tensors(), state, best, first)
        self.saved = self.team.now()

    def _say_stall(self) -> None:
        """Tell how long the training waited for its checkpoints."""
        saver = self.saver
        if saver.count:
            share = f"{saver.stalled / max(self.elapsed, 1e-9):.2%}"
            seconds = f"{saver.stalled:.2f}"
            self.work.progress.log("training.stall", count=saver.count, seconds=seconds, share=share)

    def _resume(self) -> None:
        """Put back the newest checkpoint that verifies, and say which ones were skipped."""
        log = self.work.progress.log
        checkpoints, first = self.setup.checkpoints, self.team.rank == 0
        found, skipped = checkpoints.latest(self._put_back) if first else (None, [])
        for name, reason in skipped:
            log("training.skipped", checkpoint=name, reason=reason)
        step, before = self.team.first_says([found.step, found.environment] if found else [None, None])
        if step is None:
            return
        if not first:
            checkpoints.at(step, self._put_back)
        self.meter.restore(self.state.sums)
        self.monitor.spikes.restore(self.state.spikes)
        self.state.sums = {}
        self._adapt()
        here = environment(self.team.size)
        if before["threads"] != here["threads"] and before["world_size"] == here["world_size"]:
            torch.set_num_threads(before["threads"])
            here["threads"] = before["threads"]
        for part, old in before.items():
            if here.get(part) != old:
                log("training.other_environment", part=part, old=old, new=here.get(part))
        log("training.resumed", step=self.state.step, checkpoint=f"step-{self.state.step:08d}")

    def _put_back(self, saved: Saved) -> None:
        """Put back weights, optimizer and counters; WeightsDontFit or ValueError if they are not this training's."""
        require_finite(saved.network)
        require_finite(saved.optimizer)
        threads = saved.environment["threads"]
        if not isinstance(threads, int) or not 0 < threads <= _MOST_THREADS:
            raise ValueError("no number of threads")
        state = State.of(saved.state)
        # Everything is looked at before anything is changed: an older checkpoint may have to be taken.
        require_match(tensors_of(self.network), saved.network, exactly=True)
        self.update.put(saved.optimizer)
        put(self.network, saved.network)
        self.update.weights_changed()
        self.state = state
        self.chooser.restore(state.kernels)
        state.kernels = self.chooser.taken
