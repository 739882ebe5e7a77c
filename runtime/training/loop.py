"""The one training loop, of every objective: steps, and what happens between them."""

from __future__ import annotations

import math
import shutil
import time
from contextlib import ExitStack
from pathlib import Path

import torch

from ...plugins.component import Facts, TaskFailed
from ...plugins.work import Interrupted
from ..events import Listener, Step, Validated
from ..files import write_json
from .build import checkpoint_facts
from .checkpoint import environment, whole_or_nothing
from .loader import Loader, Ready
from .measure import mean_loss, measure
from .memory import told_if_memory_runs_out
from .order import key
from .setup import Setup
from .state import State
from .step import FiniteGuard, NonFinite, Sums, clipped_norm, gradients
from .weights import Tensors, copied, optimizer_tensors, put, put_optimizer, tensors_of, write_tensors

LOG_EVERY = 10
"""Steps between those that are logged."""
_SAVE_SECONDS = 60.0
_STALL = 0.01
"""The part of the time that saving may take."""
_SHOW_SECONDS = 0.5


class Training:
    """A training that runs: the network, its optimizer, and the counters."""

    def __init__(self, setup: Setup, emit: Listener) -> None:
        self.setup, self.job, self.work = setup, setup.job, setup.work
        self.emit, self.fingerprint = emit, setup.work.fingerprint
        self.network = setup.network
        self.trained = [p for p in self.network.parameters() if p.requires_grad]
        self.optimizer = self.job.optimizer.build(self.network)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.guard = FiniteGuard(self.optimizer, setup.device)
        self.state = State(setup.micro_batch)
        self.best: Tensors | None = None
        """The weights of the best validation, on the host; None if they lie in a checkpoint only."""
        self.sums: Sums = {}
        self.count = 0.0
        self.norm: torch.Tensor | None = None
        self.factor = 0.0
        self.started = self.shown = self.saved = time.monotonic()
        self.save_seconds = 0.0
        self.measured = (0.0, 0)
        """When the last step was logged, and which."""

    @property
    def elapsed(self) -> float:
        return self.state.elapsed + time.monotonic() - self.started

    def run(self) -> Facts:
        """Go through the budget and write the result."""
        self._resume()
        state, setup = self.state, self.setup
        self.started = self.shown = self.saved = time.monotonic()
        self.measured = (self.started, state.step)
        self.network.train()
        with ExitStack() as stack:
            stack.enter_context(told_if_memory_runs_out(state.micro_batch))
            if not self._finished():
                pin = setup.device.type == "cuda"
                loader = Loader(setup.reader, setup.order, setup.seed, state.micro_batch, state.step, pin)
                stack.enter_context(loader)
            while not self._finished():
                self._step(loader.next())
                self._after_step()
            self._settle()
            if setup.validation is not None and state.validated != state.step:
                self._validate()
        return self._result()

    def _finished(self) -> bool:
        return self.state.patience_spent or self.setup.budget.reached(self.state.step, self.elapsed)

    # One step

    def _step(self, ready: Ready) -> None:
        setup, step = self.setup, ready.step
        assert step == self.state.step
        # All that is random within a step comes from here, so that no random state needs to be saved.
        torch.manual_seed(key(setup.seed, "step", step))
        sums = gradients(self.network, self.job.objective, ready.parts, ready.count, setup.device, setup.dtype)
        norm = clipped_norm(self.trained, self.job.clip)
        try:
            self.guard.admit(step, norm, sums["loss"])
        except NonFinite as error:
            raise self._non_finite(error.step) from error
        factor = self.job.schedule.factor(step, setup.budget.done(step, self.elapsed), setup.pace.steps)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self._add(sums, ready.count)
        self.norm, self.factor = norm, factor
        self.state.step = step + 1
        if self.state.step % LOG_EVERY == 0:
            self._log()

    def _add(self, sums: Sums, count: float) -> None:
        """Add up in float64 what is logged, without waiting for the device."""
        wide = torch.float32 if self.setup.device.type == "mps" else torch.float64
        for name, value in sums.items():
            value = value.to(wide)
            self.sums[name] = self.sums[name] + value if name in self.sums else value
        self.count += count

    def _settle(self) -> None:
        """Wait for the verdict on the last step."""
        try:
            self.guard.settle()
        except NonFinite as error:
            raise self._non_finite(error.step) from error

    def _non_finite(self, step: int) -> TaskFailed:
        rows = self.setup.order.rows(step)
        values = {"step": step + 1, "rows": len(rows), "first": ", ".join(map(str, rows[:8].tolist()))}
        return TaskFailed("L0801", values, help="L0801.help")

    # What happens between steps

    def _after_step(self) -> None:
        state, setup = self.state, self.setup
        now = time.monotonic()
        if now - self.shown >= _SHOW_SECONDS:
            self.shown = now
            self._show()
        if setup.validation is not None and state.step % setup.validate_every == 0:
            self._settle()
            self._validate()
        if self.work.stopping():
            self._save()
            self.work.progress.log("training.saved", step=state.step)
            raise Interrupted
        if self._save_is_due(now):
            self._save()

    def _show(self, **figures: float) -> None:
        budget, step = self.setup.budget, self.state.step
        total = budget.steps
        if total is not None and budget.done(step, self.elapsed) <= step / total:
            self.work.progress(step, total, **figures)
        else:
            self.work.progress(budget.done(step, self.elapsed), 1.0, **figures)

    def _log(self) -> None:
        """Give the means over the steps since the last log, and how fast they went."""
        if not self.sums:
            return
        sums = {name: float(value) for name, value in self.sums.items()}
        count, self.sums = self.count, {}
        self.count = 0.0
        self.state.since_validation[0] += sums["loss"]
        self.state.since_validation[1] += count
        now, (then, step) = time.monotonic(), self.measured
        self.measured = (now, self.state.step)
        tokens = (self.state.step - step) * self.setup.pace.tokens_per_step
        figures = {name: value / (count or 1.0) for name, value in sums.items()}
        figures |= {
            "lr": self.rates[0] * self.factor,
            "tokens_per_second": tokens / max(now - then, 1e-9),
            "epoch": self.state.step / self.setup.pace.steps_per_epoch,
        }
        if self.norm is not None:
            figures["gradient_norm"] = float(self.norm)
        self.emit(Step(self.fingerprint, self.state.step, figures))
        if now - self.shown >= _SHOW_SECONDS:
            self.shown = now
            self._show(loss=figures["loss"], tokens_per_second=figures["tokens_per_second"])

    def _validate(self) -> None:
        """Measure the validation rows; keep the weights if they are the best so far, and count if they aren't."""
        setup, state = self.setup, self.state
        assert setup.validation is not None
        self._log()
        metric = setup.metric
        outcome = measure(
            self.network,
            self.job.objective,
            setup.validation,
            state.micro_batch,
            setup.device,
            setup.dtype,
            predict=metric is not None and metric.needs != "loss",
            targets=metric is not None,
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
            self.best = copied(tensors_of(self.network))
        else:
            state.waited += 1
        total, count = state.since_validation
        train_loss = total / count if count else None
        state.since_validation = [0.0, 0.0]
        state.curve.append([state.step, train_loss, *figures.values()])
        state.validated, state.last_validation = state.step, figures
        state.patience_spent = self.job.patience is not None and state.waited >= self.job.patience
        self.emit(Validated(self.fingerprint, state.step, figures, better))

    # Saving and going on

    def _save_is_due(self, now: float) -> bool:
        given = self.job.save
        if given is not None and given.dimension != "time":
            return self.state.step % max(round(self.setup.pace.steps(given)), 1) == 0
        interval = given.magnitude if given is not None else max(_SAVE_SECONDS, self.save_seconds / _STALL)
        return now - self.saved >= interval

    def _save(self) -> None:
        self._settle()
        began = time.monotonic()
        state = self.state.json()
        state["elapsed"] = self.elapsed
        state["sums"] = {name: float(value) for name, value in self.sums.items()} | {"count": self.count}
        best = None
        if self.best is not None and self.state.best_step is not None:
            best = (self.state.best_step, self.best)
        optimizer = optimizer_tensors(self.optimizer, self.network)
        self.setup.checkpoints.save(self.state.step, tensors_of(self.network), optimizer, state, best)
        self.saved = time.monotonic()
        self.save_seconds = self.saved - began

    def _resume(self) -> None:
        """Put back the newest checkpoint that verifies, and say which ones were skipped."""
        log = self.work.progress.log
        found, skipped = self.setup.checkpoints.latest()
        for name, reason in skipped:
            log("training.skipped", checkpoint=name, reason=reason)
        if found is None:
            return
        put(self.network, found.network)
        put_optimizer(self.optimizer, self.network, found.optimizer)
        self.state = State.of(found.state)
        wide = torch.float32 if self.setup.device.type == "mps" else torch.float64
        sums = dict(self.state.sums)
        self.count = sums.pop("count", 0.0)
        self.sums = {name: torch.tensor(value, dtype=wide, device=self.setup.device) for name, value in sums.items()}
        self.state.sums = {}
        if found.environment["threads"] != torch.get_num_threads():
            torch.set_num_threads(found.environment["threads"])
        for part, old in found.environment.items():
            if environment().get(part) != old:
                log("training.other_environment", part=part, old=old, new=environment().get(part))
        log("training.resumed", step=self.state.step, checkpoint=f"step-{self.state.step:08d}")

    # The result

    def _result(self) -> Facts:
        setup, state = self.setup, self.state
        last = tensors_of(self.network)
        best = last
        if state.best_step is not None and state.best_step != state.step:
            best = self.best if self.best is not None else setup.checkpoints.best(state.best_step)
        self._write("last", last, state.step)
        self._write("best", best, state.step if state.best_step is None else state.best_step)
        step = state.step if state.best_step is None else state.best_step
        losses = {int(line[0] or 0): line[2] for line in state.curve}
        epochs = state.step / setup.pace.steps_per_epoch
        facts: Facts = {
            "loss": losses.get(step),
            "last_loss": losses.get(state.step),
            "steps": state.step,
            "tokens": round(state.step * setup.pace.tokens_per_step),
            "epochs": epochs,
            "best_step": step,
            "parameters": sum(p.numel() for p in self.network.parameters()),
            "trained_parameters": sum(p.numel() for p in self.trained),
            "stopped": "patience" if state.patience_spent else "budget",
            "head": setup.head,
            "micro_batch": state.micro_batch,
            "curve": state.curve,
        }
        if repeats := setup.order.repeats(state.step):
            facts["sources"] = repeats
        if self.job.select != "loss":
            facts["best_value"] = state.best_value
        return facts

    def _write(self, name: str, weights: Tensors, step: int) -> None:
        folder: Path = self.work.directory / name
        facts = checkpoint_facts(self.job.objective, self.setup.facts, step=step)
        with whole_or_nothing(folder):
            write_tensors(folder / "model.safetensors", weights)
            shutil.copyfile(self.setup.tokenizer / "tokenizer.json", folder / "tokenizer.json")
            write_json(folder / "facts.json", facts)
