"""Takes a step at each of many learning rates, from small to large, and tells the loss before each."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...plugins.component import TaskFailed
from ...plugins.nn.kernels import using
from ...plugins.work import Job, Work
from .calibrate import calibration
from .device import choose_device, seed_device, torch_settings
from .learner import Learner
from .loader import Batches
from .memory import told_if_memory_runs_out
from .setup import Setup
from .step import NonFinite, gradients
from .update import Update

LOST = 4.0
"""Once the loss is so many times the least, more is only worse."""


def range_test(job: Job, work: Work, rates: Sequence[float]) -> list[tuple[float, float]]:
    """Give (learning rate, loss before that step) for each step that was taken (Smith 2017, arXiv:1506.01186).

    The steps are those with which a training of the job begins, one after the other on the same weights; none is kept.
    """
    chooser = calibration(work.settings, choose_device(work.settings.get("device")))
    with torch_settings(work.settings), using(chooser), told_if_memory_runs_out(None):
        setup = Setup(job, work)
        network, device, team = setup.network.train(), setup.device, setup.team
        learner = Learner(network, job.objective)
        update = Update(job, network, device, setup.dtype)
        batches = Batches(setup.reader, setup.order, setup.seed, setup.micro_batch)
        taken: list[tuple[float, float]] = []
        for step, rate in enumerate(rates):
            ready = batches.batch(step)
            seed_device(team.seed(setup.seed, step), device)
            sums = gradients(team, learner, ready, device, setup.dtype, update.loss_scale)
            loss = float(sums["loss"]) / (ready.count or 1.0)
            if not math.isfinite(loss) or (taken and loss > LOST * min(before for _, before in taken)):
                break
            taken.append((rate, loss))
            try:
                update.take(step, sums["loss"], step / len(rates), lambda rate=rate: rate / job.optimizer.rate)  # type: ignore[misc]
            except NonFinite:
                break
            work.progress(step + 1, len(rates), loss=loss, lr=rate)
        if not taken:
            raise TaskFailed(
                "L0801", {"step": 1, "rows": len(ready.rows), "first": int(ready.rows[0])}, help="L0801.help"
            )
        return taken
