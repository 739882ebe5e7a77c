"""Runs a plan: each task once, after what it needs.

Tasks on the device run one at a time, in the main thread, so that their time, energy and memory can be told apart
and a fixed number of threads gives the same bits; the others run side by side. A task that fails ends the run when
those beside it have ended, unless only tolerant tasks (sweeps) ask for it; whatever is stored by then is right, and
the same command goes on from there.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from ..dsl.diagnostics.model import Diagnostic, Severity, Text
from ..dsl.record import replace
from ..plugins.component import Facts
from ..plugins.work import Interrupted
from . import cost, failures
from .choices import chosen
from .digests import FileDigests
from .events import Event, Listener, Note, TaskFailedEvent, TaskFinished, TaskLine
from .graph import Node
from .maker import Maker
from .plan import Plan, Planned, State
from .records import Made
from .remember import remember
from .store import Damaged
from .work import NeedsFirst

REBUILDS = 3
"""How often an input may turn out damaged before the disk is to blame."""


@dataclass(slots=True)
class Outcome:
    """How a run went: finished, failed or interrupted."""

    state: str = "finished"
    diagnostics: list[Diagnostic] = field(default_factory=list)
    ran: list[Node] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        if self.state == "interrupted":
            return 130
        if any(diagnostic.code in failures.NO_SPACE for diagnostic in self.diagnostics):
            return 3
        return 1 if self.state == "failed" else 0


class Executor:
    """One run of a plan."""

    def __init__(self, plan: Plan, digests: FileDigests, listener: Listener, stop: threading.Event) -> None:
        self.plan = plan
        self.store = plan.store
        self.graph = plan.graph
        self.stop = stop
        self.outcome = Outcome()
        self.facts = cost.KnownFacts(plan.graph, plan.store)
        self.maker = Maker(plan, digests, self.emit, stop)
        self._listener = listener
        self._lock = threading.RLock()
        self._planned = {planned.node: planned for planned in plan.tasks}
        self._todo: dict[Node, None] = {planned.node: None for planned in plan.to_run}
        self._rebuilt: dict[Node, int] = {}
        self._chooses = any(node.task.asks(lambda _: None) is not None for node in plan.graph.nodes)
        self._failed = False

    def run(self) -> Outcome:
        """Run what the plan says, then make the copies of exports; never raises for what a task did."""
        for node, file in self.plan.damaged.items():
            if node in self._todo:
                self._say_damaged(node, file)
        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1), thread_name_prefix="llx") as pool:
            self._run_all(pool)
            while not self._failed and not self._todo:
                for node in self.graph.final:
                    self._copy(node)
                if not self._todo:
                    break
                self._run_all(pool)  # what was to be copied turned out damaged
        if self._failed:
            self.outcome.state = "failed"
        elif self._todo:
            self.outcome.state = "interrupted"
        with contextlib.suppress(OSError):  # a store that can't be written has said so, or nothing was to be written
            remember(self.plan, finished=self.outcome.state == "finished")
        return self.outcome

    def _run_all(self, pool: ThreadPoolExecutor) -> None:
        running: dict[Future[None], Node] = {}
        while True:
            ready = [] if self._failed or self.stop.is_set() else self._ready(set(running.values()))
            beside = [node for node in ready if not node.task.on_device]
            alone = next((node for node in ready if node.task.on_device), None)
            if len(beside) == 1 and alone is None and not running:
                alone = beside.pop()  # nothing to run beside it: no thread is needed
            running |= {pool.submit(self._attempt, node): node for node in beside}
            if alone is not None:
                self._attempt(alone)
                done = {future for future in running if future.done()}
            elif running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
            else:
                if not self._failed and not self.stop.is_set():
                    asked = self._asked_for()
                    self._todo = {node: None for node in self._todo if node in asked}  # the rest was chosen out
                return
            for future in done:
                future.result()  # raises only what is our own mistake
                del running[future]

    def _ready(self, running: set[Node]) -> list[Node]:
        """Give the nodes whose inputs are all there, their bytes compared with what their manifests say."""
        while not self._failed:
            whole, again = [], False
            asked = self._asked_for()
            for node in list(self._todo):
                if node in running or node not in asked or any(one in self._todo for one in self._needs(node)):
                    continue
                damage = self._damage(node)
                if damage is None:
                    whole.append(node)
                elif self._rebuild(*damage):
                    again = True  # what is to be made first may be ready itself
                else:
                    self._fail(node, damage[1])
            if not again:
                return whole
        return []

    def _asked_for(self) -> Collection[Node]:
        """Give what is to be made of all that may be: a task that chooses asks for the others once it needs them."""
        if not self._chooses:
            return self._todo
        asked: set[Node] = set()
        waiting = [node for node in (*self.graph.final, *self._rebuilt) if node in self._todo]
        while waiting:
            node = waiting.pop()
            if node not in asked:
                asked.add(node)
                waiting.extend(needed for needed in self._needs(node) if needed in self._todo)
        return asked

    def _needs(self, node: Node) -> tuple[Node, ...]:
        """Give what a task needs by now."""
        choice = chosen(self.graph, node, lambda one: None if one in self._todo else self._facts_of(one))
        return node.needs if choice is None else choice.now

    def _facts_of(self, node: Node) -> Facts | None:
        with contextlib.suppress(Damaged):
            artifact = self.store.find(node.fingerprint)
            return artifact.facts if artifact is not None else None
        return None

    def _damage(self, node: Node) -> tuple[Node, Damaged] | None:
        for needed in self._needs(node):
            if needed in self.maker.lost:
                continue
            try:
                self.store.open(needed.fingerprint)
            except Damaged as damage:
                return needed, damage
        return None

    def _rebuild(self, node: Node, damage: Damaged) -> bool:
        """Have a damaged or missing artifact made anew, with all that it needs and that isn't there."""
        with self._lock:
            self._rebuilt[node] = self._rebuilt.get(node, 0) + 1
            if self._rebuilt[node] > REBUILDS:
                return False
            if self.store.place(node.fingerprint).exists():
                self._say_damaged(node, damage.what)
                self.store.discard(node.fingerprint)
            asked = [node]
            while asked:
                one = asked.pop()
                if one not in self._todo and not self._is_stored(one):
                    self._todo[one] = None
                    asked.extend(one.needs)
            return True

    def _is_stored(self, node: Node) -> bool:
        try:
            return self.store.find(node.fingerprint) is not None
        except Damaged as damage:
            self._say_damaged(node, damage.what)
            self.store.discard(node.fingerprint)
            return False

    def _attempt(self, node: Node) -> None:
        """Run one task, whatever becomes of it."""
        try:
            self._make(node)
        except Interrupted:
            self.stop.set()
        except NeedsFirst as missing:
            if not self._rebuild(missing.node, missing.damage):
                self._fail(node, missing.damage)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a panic of a library in Rust, and `sys.exit()`, are no Exception
            self._fail(node, error)

    def _make(self, node: Node) -> None:
        line = self._line(node)
        estimate = self.facts.estimate(node)
        refused = cost.refusal(node, estimate, self.plan.program, self.graph)
        if refused is not None:
            self._report(node, refused)
            return
        artifact, made = self.maker.make(node, line, estimate.disk or 0)
        with self._lock:
            self._todo.pop(node, None)
            if made:
                self.outcome.ran.append(node)
                self.plan.record.tasks[node.label] = Made(node.fingerprint, node.parts)
                self.plan.records.write(self.plan.record)
        self.emit(TaskFinished(line, artifact.seconds, artifact.facts))

    def _copy(self, node: Node) -> None:
        """Make or mend the copies of an export; an artifact that turns out damaged is made again first."""
        planned = self._planned.get(node)
        try:
            artifact = self.store.find(node.fingerprint)
            if artifact is None or not self.plan.exports.missing(node, artifact):
                return
            self.plan.exports.deliver(node, self.store.open(node.fingerprint))
            if planned is not None and planned.state is State.COPY:
                self.emit(Note(node.fingerprint, Text("run.copied", {"label": node.label})))
        except Damaged as damage:
            if not self._rebuild(node, damage):
                self._fail(node, damage)
        except (Exception, SystemExit) as error:
            self._fail(node, error)

    def emit(self, event: Event) -> None:
        """Hand an event on; tasks run side by side, and listeners hear one after the other."""
        with self._lock:
            self._listener(event)

    def _line(self, node: Node) -> TaskLine:
        return (self._planned.get(node) or Planned(node, State.RUN)).line()

    def _fail(self, node: Node, error: BaseException) -> None:
        self.outcome.tracebacks.append(failures.text_of(error))
        self._report(node, failures.diagnose(error, self.graph, node, self.store))

    def _report(self, node: Node, diagnostic: Diagnostic) -> None:
        """Tell of a failure: it ends the run, unless all that is lost by it is inputs of tolerant tasks."""
        with self._lock:
            lost = self._lost_with(node)
            if diagnostic.code in failures.OF_STORE or not lost.isdisjoint(self.graph.final):
                self._failed = True
            else:
                diagnostic = replace(diagnostic, severity=Severity.WARNING)
                for one in lost:
                    self._todo.pop(one, None)
                    self.maker.lost[one] = diagnostic.message
            self.outcome.diagnostics.append(diagnostic)
            self.emit(TaskFailedEvent(self._line(node), diagnostic))

    def _lost_with(self, node: Node) -> set[Node]:
        """Give a task that failed and all that can't run without it."""
        lost = {node}
        for one in self.graph.nodes:  # each comes after what it needs
            if one in self._todo and not one.task.tolerant and not lost.isdisjoint(one.needs):
                lost.add(one)
        return lost

    def _say_damaged(self, node: Node, what: str) -> None:
        self.emit(Note(node.fingerprint, Text("run.damaged", {"label": node.label, "file": what})))
