"""Makes one artifact: lock, room, work, digests, seal."""

from __future__ import annotations

import json
import threading
import time

from ..dsl.diagnostics.model import Text
from ..plugins.component import Facts
from ..plugins.smoke import Smoke
from ..plugins.work import Interrupted
from .digests import FileDigests, relative
from .events import Listener, Note, TaskLine, TaskStarted
from .failures import BadFacts, FilesChanged, NoSpace
from .files import free_bytes
from .graph import Node
from .locks import Claim, claim
from .plan import Plan
from .store import Artifact, Damaged
from .work import TaskWork

LEAST_FREE = 32 * 2**20
"""Bytes that are left free on the disk of the store, for manifests, records and the rest of the machine."""


class Maker:
    """Makes the artifacts of a plan's tasks, each under its lock."""

    def __init__(self, plan: Plan, digests: FileDigests, emit: Listener, stop: threading.Event) -> None:
        self.graph = plan.graph
        self.store = plan.store
        self.mode = plan.mode
        self.digests = digests
        self.emit = emit
        self.stop = stop
        self.lost: dict[Node, Text] = {}
        """Tasks that failed while those that can do without them go on, and why."""

    def make(self, node: Node, line: TaskLine, disk: int) -> tuple[Artifact, bool]:
        """Run a task, and give its artifact and true; false if another run has made it since the plan.

        Raises what the task raises. `disk` are the bytes that it will write, as far as they are known.
        """
        held = self._claim(node)
        artifact = None
        try:
            artifact = self._found(node)
            if artifact is not None:
                return artifact, False
            self._check_space(disk)
            self.emit(TaskStarted(line))
            artifact = self._work(node, held)
            return artifact, True
        finally:
            # Where it did a part of another task, that one goes on with what is kept.
            held.release(finished=artifact is not None and node.whole is None)

    def _work(self, node: Node, held: Claim) -> Artifact:
        smoke = Smoke() if self.mode.is_small else None
        work = TaskWork(node, self.graph, self.store, held, self.emit, self.stop, smoke, self.lost)
        started = time.monotonic()
        facts = _checked(node.task.run(work))
        seconds = time.monotonic() - started
        self._check_files(node)
        about = {
            "label": node.label,
            "kind": node.kind,
            "component": node.component,
            "seconds": round(seconds, 3),
            "parts": node.parts.as_json(),
            "facts": facts,
        }
        if smoke is not None and (smoke.was_cut or self._builds_on_cut(node)):
            about["cut"] = True
        if any(needed in self.lost for needed in node.needs) or self._compares_lacking(node):
            about["lacking"] = True
        return self.store.put(work.directory, node.fingerprint, about)

    def _builds_on_cut(self, node: Node) -> bool:
        """Tell whether something that a node needs took less than it would in a real run."""
        below = (self.store.find(needed.fingerprint) for needed in node.needs)
        return any(artifact.cut for artifact in below if artifact is not None)

    def _compares_lacking(self, node: Node) -> bool:
        """Tell whether a task that runs without inputs that failed builds on another such one."""
        below = (self.store.find(needed.fingerprint) for needed in node.needs if needed.task.tolerant)
        return node.task.tolerant and any(artifact.lacking for artifact in below if artifact is not None)

    def _claim(self, node: Node) -> Claim:
        """Take the task's lock; another run that makes the same is waited for."""
        told = False

        def waiting() -> None:
            nonlocal told
            if self.stop.is_set():
                raise Interrupted
            if not told:
                told = True
                self.emit(Note(node.fingerprint, Text("run.waiting", {"label": node.label})))

        held = claim(self.store.partial / node.worked_in, waiting=waiting)
        assert held is not None, "it waits"
        return held

    def _found(self, node: Node) -> Artifact | None:
        self.store.forget(node.fingerprint)
        try:
            artifact = self.store.find(node.fingerprint)
            if artifact is None or not artifact.lacking:
                return artifact
        except Damaged:
            pass
        self.store.discard(node.fingerprint)
        return None

    def _check_space(self, disk: int) -> None:
        free, needed = free_bytes(self.store.folder), disk + LEAST_FREE
        if free < needed:
            raise NoSpace(free, needed)

    def _check_files(self, node: Node) -> None:
        """Refuse a result whose files were changed while they were read: it would be stored under a wrong name."""
        root = self.graph.program.root
        now = {relative(path, root): self.digests(path) for path in node.task.files(root)}
        before = node.identity.files
        if now != before:
            raise FilesChanged([name for name in (*before, *now) if before.get(name) != now.get(name)])


def _checked(facts: Facts) -> Facts:
    """Give facts as they will be read from the manifest; BadFacts if they can't be written."""
    try:
        read = json.loads(json.dumps(facts, ensure_ascii=False, allow_nan=False).encode("utf-8"))
    except (TypeError, ValueError) as error:
        raise BadFacts(f"run() returned what is not JSON: {error}") from error
    if not isinstance(read, dict):
        raise BadFacts(f"run() returned {type(facts).__name__} in place of a dict")
    return read
