"""The one training loop, of every objective: steps, and what happens between them."""

from __future__ import annotations

from contextlib import ExitStack

from ...plugins.component import Facts, TaskFailed
from ...plugins.work import Interrupted
from ..events import Listener, Sampled, Step
from .calibrate import Calibration
from .gradients import Gradients
from .keeper import Keeper
from .learner import Learner
from .loader import Batches, Loader, Ready
from .memory import told_if_memory_runs_out
from .meter import Meter
from .monitor import Monitor
from .profile import profiled
from .result import facts_of, facts_until, write_result
from .samples import samples
from .setup import Setup
from .state import State
from .step import NonFinite, Sums
from .thaw import Thaw
from .update import Update
from .validation import Validation

LOG_EVERY = 10
"""Steps between those that are logged."""
_SHOW_SECONDS = 0.5


class Training:
    """A training that runs: the network, its optimizer, and the counters."""

    def __init__(self, setup: Setup, emit: Listener, chooser: Calibration) -> None:
        self.setup, self.job, self.work = setup, setup.job, setup.work
        self.emit, self.fingerprint = emit, setup.work.fingerprint
        self.network, self.team = setup.network, setup.team
        self.learner = Learner(self.network, self.job.objective)
        self.team.place(self.learner, setup.dtype)
        self.update = Update(self.job, self.network, setup.device, setup.dtype)
        self.thaw = Thaw(self.network, setup.unfreeze_every)
        self.state = State(setup.micro_batch, kernels=chooser.taken)
        self.validation = Validation(setup, self.learner, self.update, self.state)
        self.meter = Meter(setup.device)
        self.monitor = Monitor(setup, self.network)
        self.figures: dict[str, float] = {}
        """What is shown beside the progress."""
        self.keeper = Keeper(setup, self.update, self.state, self.meter, self.monitor.spikes, chooser, emit)
        self.started = self.shown = self.team.now()

    @property
    def elapsed(self) -> float:
        return self.state.elapsed + self.team.now() - self.started

    def run(self) -> Facts:
        """Go through the budget and write the result."""
        if self.keeper.resume():
            self.validation.adapt()
        state, setup = self.state, self.setup
        if setup.spread is not None:
            self.work.progress.log("training.batches", **setup.spread.shown())
        self.started = self.shown = self.keeper.saved = self.team.now()
        self._restart_clocks()
        self.network.train()
        with ExitStack() as stack:
            stack.enter_context(told_if_memory_runs_out(lambda: state.micro_batch))
            stack.enter_context(self.keeper.saver)
            kind = setup.device.type
            batches = Batches(setup.reader, setup.order, setup.seed, state.micro_batch, kind == "cuda", self.team)
            loader = batches if kind == "cpu" else stack.enter_context(Loader(batches, state.step))
            traced = stack.enter_context(profiled(self.work, setup.device))
            lap = self.monitor.watch.lap
            gradients = Gradients(setup, self.learner, state, lap)
            while True:
                ended = setup.budget.reached(state.step, self.elapsed)
                if self.validation.is_due(ended):
                    self._validate()
                if self.job.samples and not self.team.sharded and self.validation.is_interval(ended):
                    self._sample()
                paused = setup.pause is not None and state.step >= setup.pause
                if ended or state.patience_spent or paused:
                    break
                ready = loader.batch(state.step)
                lap("data")
                self._thaw()
                self._step(ready, gradients.of(ready, self.update.loss_scale))
                self._after_step()
                traced()
            self._settle()
            if setup.pause is not None:
                self._save()
        self.keeper.say_stall(self.elapsed)
        self._say_spikes()
        if setup.pause is not None:
            higher = setup.metric is not None and setup.metric.higher_is_better
            return facts_until(state.curve, setup.pause, higher)
        with self.update.averaged():
            last, best = self.validation.weights(), self.validation.best_weights()
        if self.team.writes:
            write_result(setup, self.learner, state, last, best)
        return facts_of(setup, state, self.network, self.update.skipped)

    # One step

    def _thaw(self) -> None:
        """Have one more layer trained from this step on, if it is time."""
        joined = self.thaw.at(self.state.step)
        for depth in joined:
            self.work.progress.log("training.thawed", step=self.state.step + 1, depth=depth)
        if joined:
            self.team.thawed(self.learner)

    def _step(self, ready: Ready, sums: Sums) -> None:
        step = ready.step
        assert step == self.state.step
        self.monitor.before_update(step)
        try:
            done = self.setup.budget.done(step, self.elapsed)
            self.update.take(step, sums["loss"], done, lambda: self._rate_factor(done))
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

    def _rate_factor(self, done: float) -> float:
        """Give the part of the learning rate that this step has, `done` of the budget being used."""
        factor = self.job.schedule.factor(self.state.step, done, self.setup.pace.steps)
        return self.validation.adapted * factor

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
        self.keeper.saver.check()
        stop, save = self.team.meet(self.work.stopping(), self.keeper.is_due(self.team.now()))
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
        self.keeper.saver.wait()
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
        figures["lr"] = self.job.optimizer.rate * update.factor
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

    def _validate(self) -> None:
        self._settle()
        self._log()
        self.emit(self.validation.validate(lambda rows: self._stop_if_asked()))
        self._restart_clocks()

    def _save(self) -> None:
        self._settle()
        self._say_spikes()
        self.keeper.save(self.elapsed, self.validation.best)
