"""What tasks cost, as far as it can be known before they run, held against this machine."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from ..dsl.diagnostics.model import Diagnostic, Label, Text
from ..dsl.program import Program, Reference
from ..dsl.source import Span
from ..plugins.component import Estimate, Facts, FactsOf, Task
from ..plugins.tasks import Trained
from .graph import Graph, Node
from .listeners.figures import size
from .store import Damaged, Store

BYTES_A_PARAMETER = 16
"""A weight, its gradient and two moments in float32: for a task that knows its parameters and not its memory."""


class KnownFacts(FactsOf):
    """The facts of an input: those stored if it has run, else what it says beforehand."""

    def __init__(self, graph: Graph, store: Store) -> None:
        self.graph = graph
        self.store = store
        self._said: dict[str, Facts] = {}

    def __call__(self, reference: Reference | Task) -> Facts:
        node = self.graph.find(reference)
        with contextlib.suppress(Damaged):
            artifact = self.store.find(node.fingerprint)
            if artifact is not None:
                return artifact.facts
        if node.fingerprint not in self._said:
            self._said[node.fingerprint] = {}  # what asks for itself is told nothing
            self._said[node.fingerprint] = node.task.facts(self)
        return self._said[node.fingerprint]

    def estimate(self, node: Node) -> Estimate:
        """Give what a node will cost; nothing known if its author's estimate fails for want of facts."""
        try:
            return node.task.estimate(self)
        except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError):
            return Estimate()


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums over the tasks to run; `complete` is false if one of them didn't say, so that it's "at least"."""

    flops: float
    disk: int
    memory: int
    """The largest, since device tasks run one at a time."""
    complete: bool


def totals(estimates: Mapping[Node, Estimate], *, waiting: bool = False) -> Totals:
    """Add up what is known; what doesn't use the device costs no operations worth counting.

    `waiting` tells that there is more of which nothing is known yet.
    """
    known = estimates.values()
    return Totals(
        flops=sum(one.flops or 0 for one in known),
        disk=sum(one.disk or 0 for one in known),
        memory=max((memory_of(one) or 0 for one in known), default=0),
        complete=not waiting and all(one.flops is not None for node, one in estimates.items() if node.task.on_device),
    )


def apart(graph: Graph, estimates: Mapping[Node, Estimate], of: Callable[[Node], Estimate]) -> dict[Node, Estimate]:
    """Give estimates of which each holds what its task does itself, and not what it goes on from."""
    parts: dict[Node, list[tuple[float, Node]]] = {}
    for node in graph.nodes:
        if node.whole is not None and (part := node.task.part()) is not None:
            parts.setdefault(node.whole, []).append((part.share, node))
    own = dict(estimates)
    for whole, found in parts.items():
        chain = [node for _, node in sorted(found, key=lambda one: one[0])]
        for before, node in pairwise([*chain, whole]):
            done, all_ = (estimates.get(one) or of(one) for one in (before, node))
            if node in own and done.flops is not None and all_.flops is not None:
                own[node] = replace(all_, flops=all_.flops - done.flops)
    return own


def memory_of(estimate: Estimate) -> int | None:
    """Give the bytes that a task needs at its peak."""
    if estimate.memory is not None:
        return estimate.memory
    return BYTES_A_PARAMETER * estimate.parameters if estimate.parameters is not None else None


def refusal(node: Node, estimate: Estimate, program: Program, graph: Graph) -> Diagnostic | None:
    """Give the diagnostic for a task that can't fit this machine's memory, or None if it may."""
    if estimate.parameters is None:
        estimate = replace(estimate, parameters=_least_parameters(node))
    needed = memory_of(estimate)
    if needed is None or needed <= machine_memory():
        return None
    device = getattr(program.settings, "device", "auto")
    limit = max(machine_memory(), 0 if device == "cpu" else device_memory())
    if needed <= limit:
        return None
    values: dict[str, object] = {
        "label": node.label,
        "needed": size(needed),
        "memory": size(limit),
        "parameters": f"{estimate.parameters:,}" if estimate.parameters is not None else "?",
    }
    place = _model_place(node, program) or graph.place(node)
    here = graph.name_place(node)
    labels = (Label(here, Text("L0818.label", values)),) if here is not None and here != place else ()
    return Diagnostic("L0818", Text("L0818", values), place, labels=labels, helps=(Text("L0818.help", values),))


def machine_memory() -> int:
    """Give the bytes of memory that this process may use: the machine's, or the limit of its container."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            memory = min(memory, int(Path(path).read_text(encoding="ascii")))
    return memory


def device_memory() -> int:
    """Give the memory of the largest GPU, 0 without one; asked without torch, whose import takes seconds."""
    if not Path("/proc/driver/nvidia/gpus").exists() and not Path("/dev/nvidiactl").exists():
        return 0
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    with contextlib.suppress(OSError, ValueError, subprocess.SubprocessError):
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
        return max(int(line) for line in answer.stdout.split()) * 2**20
    return 0


def _least_parameters(node: Node) -> int | None:
    """Give the parameters of what a task trains, with the smallest vocabulary while that isn't known yet."""
    if not isinstance(node.task, Trained) or not node.task.on_device:
        return None
    with contextlib.suppress(Exception):  # a plugin's model that can't count is refused by nobody
        return node.task.described_model().parameters(1)
    return None


def _model_place(node: Node, program: Program) -> Span | None:
    for task in node.tasks:
        if isinstance(task, Trained):
            model = task.described_model()
            return program.place(model)
    return None
