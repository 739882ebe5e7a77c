"""Trains in several processes, one a device: starts them, hands on what they say, and starts them again if one dies.

The processes are kept by the agent of torchrun. It runs in a thread: signals, and what listeners show, stay where they
are without it.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import torch
from torch.distributed import HashStore
from torch.distributed.elastic.agent.server.api import RunResult, WorkerSpec
from torch.distributed.elastic.agent.server.local_elastic_agent import LocalElasticAgent
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, Std
from torch.distributed.elastic.rendezvous.api import (
    RendezvousClosedError,
    RendezvousHandler,
    RendezvousInfo,
    RendezvousStoreInfo,
)

from ....plugins.component import Facts, TaskFailed
from ....plugins.registry import Registry
from ....plugins.values import Backend
from ....plugins.work import Interrupted, Job, Work
from ...events import CheckpointSaved, Event, Listener
from ..device import choose_device
from ..memory import LessAtOnce
from .handover import components, packed, packed_job, unpacked
from .line import Switchboard
from .messages import event_of

_GRACE = 5
"""Seconds that a rank has to end once another one is dead."""
_HEAR_SECONDS = 0.05


class OneMachine(RendezvousHandler):
    """Where the agent asks who trains together: this machine alone, so that nothing has to listen on a network."""

    def __init__(self) -> None:
        self.rounds = 0
        self.closed = threading.Event()
        self.quiet = threading.Event()
        """Whether all that the ranks of the round before said has been heard."""

    def next_rendezvous(self) -> RendezvousInfo:
        """Begin a round, unless the ranks said that there is no use in it."""
        if self.rounds:
            self.quiet.clear()
            self.quiet.wait(_GRACE)
        if self.closed.is_set():
            raise RendezvousClosedError
        self.rounds += 1
        return RendezvousInfo(HashStore(), 0, 1, RendezvousStoreInfo("localhost", 0))

    def get_backend(self) -> str:
        return "llx"

    def is_closed(self) -> bool:
        return self.closed.is_set()

    def set_closed(self) -> None:
        self.closed.set()

    def num_nodes_waiting(self) -> int:
        return 0

    def get_run_id(self) -> str:
        return "llx"

    def shutdown(self) -> bool:
        return True


class Launch:
    """One training in several processes."""

    def __init__(self, job: Job, work: Work, emit: Listener, backend: Backend) -> None:
        self.job, self.work, self.emit, self.backend = job, work, emit, backend
        self.rendezvous = OneMachine()
        self.facts: Facts | None = None
        self.interrupted = False
        self.failed: TaskFailed | None = None
        self.crash = ""
        self.crash_before: str | None = None
        """What the round before ended with, if nothing was saved since; None if something was."""
        self.less: LessAtOnce | None = None
        self.result: RunResult | None = None

    def run(self, greeting: dict[str, Any]) -> Facts:
        """Train to the end; raises what a rank raised."""
        with tempfile.TemporaryDirectory(prefix="llx-") as folder:
            switchboard = Switchboard(Path(folder) / "line", greeting)
            agent = threading.Thread(target=self._keep, args=(Path(folder),), name="llx-torchrun", daemon=True)
            agent.start()
            try:
                self._hear_until_ended(switchboard, agent)
            finally:
                self.rendezvous.set_closed()
                switchboard.close()
                self.rendezvous.quiet.set()
                agent.join()
        return self._outcome()

    def _keep(self, folder: Path) -> None:
        """Keep the ranks running until they are done, or have died too often."""
        spec = WorkerSpec(
            role="llx",
            local_world_size=self.backend.processes,
            entrypoint=sys.executable,
            # -P: a file called torch.py in the project is not what a rank imports.
            args=("-P", "-m", f"{__package__}.worker", str(folder / "line")),
            rdzv_handler=self.rendezvous,
            max_restarts=self.backend.max_restarts,
            monitor_interval=0.1,
        )
        # What ranks print would go through a moving display; what they said last is told if they die.
        logs = DefaultLogsSpecs(log_dir=str(folder / "logs"), redirects=Std.ALL)
        logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
        try:
            self.result = LocalElasticAgent(spec, logs, shutdown_timeout=_GRACE).run()
        except RendezvousClosedError:
            pass
        except Exception as error:
            self.crash = self.crash or f"{type(error).__name__}: {error}"

    def _hear_until_ended(self, switchboard: Switchboard, agent: threading.Thread) -> None:
        rounds, told = 1, False
        while agent.is_alive() or not switchboard.is_quiet:
            switchboard.listen(_HEAR_SECONDS, self._hear)
            if switchboard.is_quiet:
                self.rendezvous.quiet.set()
            if self.rendezvous.rounds > rounds:
                rounds = self.rendezvous.rounds
                values = {"again": rounds - 1, "most": self.backend.max_restarts}
                self.work.progress.log("training.restarted", reason=self.crash or "-", **values)
                self.crash_before, self.crash = self.crash, ""
            if self.work.stopping() and not told:
                told = True
                switchboard.tell({"stop": True})

    def _hear(self, message: dict[str, Any]) -> None:
        match next(iter(message)):
            case "progress":
                done, total, figures = message["progress"]
                self.work.progress(done, total, **figures)
            case "log":
                self.work.progress.log(message["log"], **unpacked(message["values"], Registry()))
            case "event":
                self._hear_event(event_of(message))
            case "done":
                self.facts = message["done"]
                self.rendezvous.set_closed()
            case "interrupted":
                self.interrupted = True
                self.rendezvous.set_closed()
            case "failed":
                self._fail(message["failed"])
            case "less_at_once":
                step, rows = message["less_at_once"]
                self.less = LessAtOnce(step, min(rows, self.less.rows) if self.less else rows)
                self.rendezvous.set_closed()
            case "crashed":
                # The first one to die is the reason why the others did.
                self.crash = self.crash or message["crashed"]
                if self.crash == self.crash_before:
                    # What comes back at the same place will come again.
                    self.rendezvous.set_closed()

    def _hear_event(self, event: Event) -> None:
        if isinstance(event, CheckpointSaved):
            self.crash_before = None
        self.emit(event)

    def _fail(self, form: dict[str, Any]) -> None:
        if self.failed is None:
            number = form["component"]
            self.failed = TaskFailed(
                form["code"],
                unpacked(form["values"], Registry()),
                field=form["field"],
                help=form["help"],
                component=components(self.job)[number] if number is not None else None,
            )
        self.rendezvous.set_closed()

    def _outcome(self) -> Facts:
        if self.failed is not None:
            raise self.failed
        if self.interrupted:
            raise Interrupted
        if self.facts is not None:
            return self.facts
        if self.less is not None:
            raise self.less
        values = {"times": self.rendezvous.rounds, "error": self.crash or "-"}
        raise TaskFailed("L0830", values, component=self.backend, help="L0830.help")


def launch(job: Job, work: Work, emit: Listener, backend: Backend, uses: list[str]) -> Facts:
    """Train a job in several processes; `uses` are the distributions whose components it may hold."""
    device = choose_device(work.settings.get("device"))
    if device.type == "cuda" and backend.processes > torch.cuda.device_count():
        values = {"processes": backend.processes, "devices": torch.cuda.device_count()}
        raise TaskFailed("L0829", values, field="processes", component=backend, help="L0829.help")
    settings = {name: value for name, value in work.settings.items() if name != "backend"}
    greeting = {
        "fingerprint": work.fingerprint,
        "root": str(work.root),
        "directory": str(work.directory),
        "partial": str(work.partial),
        "device": device.type,
        "settings": packed(settings, str),
        "threads": max(torch.get_num_threads() // backend.processes, 1),
        "sharded": backend.sharded,
        "job": packed_job(job, work.input),
        "uses": uses,
    }
    while True:
        try:
            return Launch(job, work, emit, backend).run(greeting)
        except LessAtOnce as less:
            values = {"step": less.step + 1, "new": less.rows}
            work.progress.log("training.less_at_once_by_all", **values)
            greeting["micro_batch"] = less.rows
