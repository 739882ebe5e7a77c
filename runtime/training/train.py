"""Trains a job, as a stage hands it to `work.train`: a built-in one, or a third party's."""

from __future__ import annotations

from ...plugins.component import Facts
from ...plugins.nn.kernels import using
from ...plugins.work import Job, Work
from ..events import Listener
from .allocator import kept_memory
from .calibrate import calibration
from .device import choose_device, torch_settings
from .loop import Training
from .memory import told_if_memory_runs_out
from .prove.prove import prove
from .setup import Setup
from .team import Team


def train(job: Job, work: Work, emit: Listener, team: Team | None = None) -> Facts:
    """Train as a job says, writing `best/` and `last/` into the work's directory; goes on where a kill left off.

    The ranks of a `team` each call it, and the first one writes. Raises TaskFailed for what a user can mend, and
    Interrupted once it was asked to stop and has saved.
    """
    device = choose_device(work.settings.get("device"))
    chooser = calibration(work.settings, device)
    with torch_settings(work.settings), using(chooser), kept_memory(device):
        with told_if_memory_runs_out(None):
            setup = Setup(job, work, team)
            proofs = prove(setup) if work.smoke is not None else {}
            training = Training(setup, emit, chooser)
        return training.run() | ({"proofs": proofs} if proofs else {})
