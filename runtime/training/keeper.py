"""Saves a training so that it goes on after a kill, and puts it back."""

from __future__ import annotations

import torch

from ..events import CheckpointSaved, Listener
from .calibrate import Calibration
from .checkpoint import Saved, environment
from .meter import Meter
from .saver import Saver
from .setup import Setup
from .spikes import Spikes
from .state import State
from .update import Update
from .weights import Tensors, put, require_finite, require_match, tensors_of

_SAVE_SECONDS = 60.0
_STALL = 0.01
"""The part of the time that saving may take."""
_MOST_THREADS = 1024


class Keeper:
    """Keeps the state of a training in its checkpoints; when the last was made is `saved`, by the team's clock."""

    def __init__(
        self,
        setup: Setup,
        update: Update,
        state: State,
        meter: Meter,
        spikes: Spikes,
        chooser: Calibration,
        emit: Listener,
    ) -> None:
        self.setup, self.update, self.state = setup, update, state
        self.meter, self.spikes, self.chooser = meter, spikes, chooser
        self.saved = setup.team.now()
        fingerprint = setup.work.fingerprint
        self.saver = Saver(setup.checkpoints, lambda step: emit(CheckpointSaved(fingerprint, step)))

    def is_due(self, now: float) -> bool:
        """Tell whether it is time to save."""
        given, setup = self.setup.job.save, self.setup
        if given is not None and given.dimension != "time":
            return self.state.step % max(round(setup.pace.steps(given)), 1) == 0
        interval = given.magnitude if given is not None else max(_SAVE_SECONDS, self.saver.last_stall / _STALL)
        return now - self.saved >= interval and not self.saver.is_busy

    def save(self, elapsed: float, best: Tensors | None) -> None:
        """Save the step that the training is at, after so many seconds, with the weights of the best validation."""
        state = self.state.json()
        state["elapsed"] = elapsed
        state["sums"] = self.meter.json()
        kept = None
        if best is not None and self.state.best_step is not None:
            kept = (self.state.best_step, best)
        network, written = self.setup.network, self.setup.team.writes
        with self.update.averaged(False):
            self.saver.save(
                self.state.step, tensors_of(network, self.setup.still), self.update.tensors(), state, kept, written
            )
        self.saved = self.setup.team.now()

    def say_stall(self, elapsed: float) -> None:
        """Tell how long the training waited for its checkpoints."""
        saver = self.saver
        if saver.count:
            share = f"{saver.stalled / max(elapsed, 1e-9):.2%}"
            seconds = f"{saver.stalled:.2f}"
            self.setup.work.progress.log("training.stall", count=saver.count, seconds=seconds, share=share)

    def resume(self) -> bool:
        """Put back the newest checkpoint that verifies, and say which ones were skipped; tell whether there is one."""
        setup, log = self.setup, self.setup.work.progress.log
        checkpoints, first = setup.checkpoints, setup.team.rank == 0
        found, skipped = checkpoints.latest(self._put_back) if first else (None, [])
        for name, reason in skipped:
            log("training.skipped", checkpoint=name, reason=reason)
        step, before = setup.team.first_says([found.step, found.environment] if found else [None, None])
        if step is None:
            return False
        if not first:
            checkpoints.at(step, self._put_back)
        self.meter.restore(self.state.sums)
        self.spikes.restore(self.state.spikes)
        self.state.sums = {}
        here = environment(setup.team.size)
        if before["threads"] != here["threads"] and before["world_size"] == here["world_size"]:
            torch.set_num_threads(before["threads"])
            here["threads"] = before["threads"]
        for part, old in before.items():
            if here.get(part) != old:
                log("training.other_environment", part=part, old=old, new=here.get(part))
        log("training.resumed", step=self.state.step, checkpoint=f"step-{self.state.step:08d}")
        return True

    def _put_back(self, saved: Saved) -> None:
        """Put back weights, optimizer and counters; WeightsDontFit or ValueError if they are not this training's."""
        require_finite(saved.network)
        require_finite(saved.optimizer)
        threads = saved.environment["threads"]
        if not isinstance(threads, int) or not 0 < threads <= _MOST_THREADS:
            raise ValueError("no number of threads")
        state = State.of(saved.state)
        network, still = self.setup.network, self.setup.still
        # Everything is looked at before anything is changed: an older checkpoint may have to be taken.
        require_match(tensors_of(network, still), saved.network, exactly=True)
        self.update.put(saved.optimizer)
        put(network, saved.network, still)
        self.update.weights_changed()
        if self.setup.job.micro_batch is not None:
            # Memory ran out since this was saved.
            state.micro_batch = min(state.micro_batch, self.setup.job.micro_batch)
        self.state.become(state)
        self.chooser.restore(state.kernels)
        self.state.kernels = self.chooser.taken
