"""One rank of a training, started by `launch`: `python -m llx.runtime.training.distributed.worker SOCKET`.

It builds the job again from what it is handed, trains with the other ranks, and says what happens; the first rank
speaks for all, but for failures.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import torch
import torch.distributed as dist

from ....dsl.program import Reference
from ....dsl.record import replace
from ....plugins.component import TaskFailed
from ....plugins.registry import Registry
from ....plugins.work import Input, Interrupted, Job, Work
from ...events import Event
from ..device import choose_device
from ..memory import LessAtOnce
from ..profile import SWITCH
from ..train import train
from .handover import Handed, components, packed, unpacked, unpacked_job
from .line import Line
from .messages import event_form
from .ranks import Ranks, Shards

_PATIENCE = timedelta(minutes=30)
"""How long a rank waits for another before it gives up."""


class RankProgress:
    """Hands on what the first rank says; what the others say is the same."""

    def __init__(self, line: Line, speaks: bool) -> None:
        self._line, self._speaks = line, speaks

    def __call__(self, done: float, total: float | None = None, **figures: float) -> None:
        self._say({"progress": [done, total, figures]})

    def log(self, message: str, **values: object) -> None:
        self._say({"log": message, "values": packed(values, _no_input)})

    def event(self, event: Event) -> None:
        self._say(event_form(event))

    def _say(self, message: dict[str, Any]) -> None:
        if self._speaks:
            self._line.say(message)


class RankWork:
    """The services of a task in one of its ranks: those that training needs."""

    smoke = None

    def __init__(self, line: Line, rank: int, device: torch.device) -> None:
        given = line.greeting
        self.fingerprint: str = given["fingerprint"]
        self.root, self.directory, self.partial = (Path(given[name]) for name in ("root", "directory", "partial"))
        self.settings: Mapping[str, Any] = {**unpacked(given["settings"], Registry()), "device": str(device)}
        self.progress = RankProgress(line, rank == 0)
        self._line, self._inputs = line, given["job"]["inputs"]

    def input(self, what: Any) -> Input:
        """Open what the process that runs the task opened, digests checked."""
        task = what.task if isinstance(what, Reference) else what
        assert isinstance(task, Handed)
        given = self._inputs[task.key]
        return Input(Path(given["directory"]), given["output"], given["facts"], task)

    def stopping(self) -> bool:
        """Tell whether an interruption was asked for."""
        return self._line.stop.is_set()

    def failure(self, what: Any) -> None:
        """Give nothing: what is handed over is there."""


def main() -> int:
    """Train as one of the ranks; give the exit code."""
    # Unfinished work lies under a lock, which the system gives back when the process that runs the task dies.
    line = Line(sys.argv[1], gone=lambda: os._exit(1))
    # Ctrl-C and a scheduler's SIGTERM may reach all processes; whoever runs the task tells the ranks what to do.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: line.stop.set())
    rank, size, local = (int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    if rank:
        os.environ.pop(SWITCH, None)  # one of them traces
    given = line.greeting
    job: Job | None = None
    try:
        torch.set_num_threads(given["threads"])
        device = choose_device(given["device"])
        if device.type == "cuda":
            device = torch.device("cuda", local)
            torch.cuda.set_device(device)
        # The ranks of one machine talk over its own interface, where nobody else listens.
        for name in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"):
            os.environ.setdefault(name, "lo0" if sys.platform == "darwin" else "lo")
        store = dist.FileStore(f"{sys.argv[1]}.{os.environ['TORCHELASTIC_RESTART_COUNT']}", size)
        backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
        dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=_PATIENCE)
        work = RankWork(line, rank, device)
        job = unpacked_job(given["job"], given["uses"])
        if "micro_batch" in given:
            job = replace(job, micro_batch=given["micro_batch"])
        team = (Shards if given["sharded"] else Ranks)(rank, size, device)
        said: dict[str, Any]
        try:
            said = {"done": train(job, cast("Work", work), work.progress.event, team)}
        except Interrupted:
            said = {"interrupted": True}
        # Without it a rank that is ahead tears down the connections of those behind, and a finished job fails.
        dist.barrier()
        if rank == 0:
            line.say(said)
        dist.destroy_process_group()
    except TaskFailed as error:
        parts = components(job) if job is not None else []
        component = next((i for i, part in enumerate(parts) if part is error.component), None)
        form = {"code": error.code, "field": error.field, "help": error.help, "component": component}
        line.say({"failed": {**form, "values": packed(error.values, _no_input)}})
        return 1
    except LessAtOnce as error:
        line.say({"less_at_once": [error.step, error.rows]})
        return 1
    except BaseException as error:
        traceback.print_exc()
        line.say({"crashed": f"{type(error).__name__}: {error}"[:500]})
        return 1
    return 0


def _no_input(what: object) -> str:
    raise TypeError(f"{what} is no value of a message")


if __name__ == "__main__":
    code = main()
    # Threads of a broken process group would keep the process.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
