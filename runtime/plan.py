"""What a run would do: for each task whether it is stored, and if it isn't, why it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ..dsl.diagnostics.model import Text
from ..dsl.program import Declared, Expectation, Program
from ..plugins.component import Estimate, Facts
from .choices import Chosen, chosen, most
from .digests import FileDigests
from .events import WAITS, TaskLine
from .exports import Exports
from .graph import Graph, Node
from .locks import holds_kept
from .mode import COPIES, Mode
from .reasons import Reasons
from .records import Record, Records, file_name
from .store import Artifact, Damaged, Store
from .summary import summary
from .winners import settled


class State(StrEnum):
    STORED = "stored"
    RUN = "run"
    COPY = "copy"
    """An export that is stored, and whose copy is gone or changed."""
    UNNEEDED = "unneeded"
    """Not stored, and nothing that runs asks for it."""


@dataclass(slots=True)
class Planned:
    """A node with what would become of it."""

    node: Node
    state: State
    reasons: tuple[Text, ...] = ()
    artifact: Artifact | None = None

    def line(self) -> TaskLine:
        """Give how it is listed."""
        return TaskLine(
            fingerprint=self.node.fingerprint,
            label=self.node.label,
            kind=self.node.kind,
            component=self.node.component,
            summary=summary(self.artifact.facts) if self.artifact else "",
            stored=self.state in (State.STORED, State.UNNEEDED),
            reasons=self.reasons,
            depth=self.node.depth,
            sweep=self.node.sweep,
        )


@dataclass(slots=True)
class Plan:
    """What a run of a program would do."""

    program: Program
    graph: Graph
    store: Store
    exports: Exports
    records: Records
    record: Record
    names: tuple[str, ...] | None
    """The tasks that it is the plan of; None is the whole file."""
    tasks: list[Planned] = field(default_factory=list)
    """In an order in which they can run."""
    mode: Mode = Mode.REAL
    damaged: dict[Node, str] = field(default_factory=dict)
    """Artifacts that are not what their manifests say, with the file that shows it."""
    choices: Mapping[Node, Chosen] = field(default_factory=dict)
    """What tasks ask for that choose among their inputs."""
    lacking: set[Node] = field(default_factory=set)
    """What is stored without inputs that failed, and is made again with them."""

    @property
    def to_run(self) -> list[Planned]:
        return [task for task in self.tasks if task.state is State.RUN]

    @property
    def to_copy(self) -> list[Planned]:
        return [task for task in self.tasks if task.state is State.COPY]

    def at_most(self, estimates: Mapping[Node, Estimate]) -> dict[Node, Estimate]:
        """Leave out the tasks that won't run, whatever is chosen among them."""
        if not self.choices:
            return dict(estimates)
        runs = most(self.graph.final, self.choices, estimates)
        return {node: estimate for node, estimate in estimates.items() if node in runs}

    @property
    def is_done(self) -> bool:
        """Tell whether a run would do nothing."""
        return not self.to_run and not self.to_copy

    @property
    def whole(self) -> bool:
        """Tell whether it is the plan of the whole file, and not of some of its names."""
        return self.names is None

    @property
    def waiting(self) -> tuple[Declared, ...]:
        """Give what is known only when a sweep has its best trial."""
        return self.graph.waiting

    @property
    def expects(self) -> tuple[Expectation, ...]:
        """Give what will be judged, in the order of the file."""
        judged = {one.name: one for one in (*self.graph.expects, *self.graph.later)}
        return tuple(judged[name] for name in self.program.expects if name in judged)

    def lines(self) -> tuple[TaskLine, ...]:
        return (*(task.line() for task in self.tasks), *map(waiting_line, self.waiting))


def waiting_line(declared: Declared) -> TaskLine:
    """Give how a task is listed that waits for the best trial of a sweep."""
    return TaskLine(
        fingerprint=f"{WAITS}{declared.name}",
        label=declared.name,
        kind=declared.kind,
        component=declared.value.name,
        summary="",
        stored=False,
        reasons=(Text("plan.waits", {"sweeps": [f"`{name}`" for name in sorted(declared.awaits)]}),),
    )


def make_plan(
    program: Program,
    store: Store,
    digests: FileDigests,
    names: Iterable[str] | None = None,
    mode: Mode = Mode.REAL,
    *,
    retry: bool = True,
) -> Plan:
    """Plan a run of a program, or of some of its names; the store of a smoke run is the corner of a store.

    What failed and was done without (trials of a sweep) is tried again, unless this run has done that already.

    CannotChoose if what waits for a sweep can't be built on its best trial; CannotPlan if a task's own code fails or a file can't be read; KeyError for a name that is no task's.
    """
    names = None if names is None else tuple(names)
    graph = settled(program, store, digests, names, retry=retry)
    program = graph.program
    records = Records(store.folder / "records")
    record = records.read(file_name(program.source.path, program.root, program.source.name))
    root = store.folder / COPIES if mode.is_small else program.root
    exports = Exports(store, program, digests, root)
    plan = Plan(program, graph, store, exports, records, record, names, mode=mode)
    found = {node: _find(plan, node) for node in graph.nodes}
    if retry:
        plan.lacking = {node for node, artifact in found.items() if artifact is not None and artifact.lacking}
        found |= dict.fromkeys(plan.lacking)
    plan.choices = {node: choice for node in graph.nodes if (choice := _choice(graph, node, found)) is not None}
    runs = _runs(graph, found, plan.choices)
    spared = {node: reason for choice in plan.choices.values() for node, reason in choice.spared.items()}
    reasons = Reasons(graph, record)
    for node in graph.nodes:
        plan.tasks.append(_planned(plan, node, found[node], runs, reasons, spared.get(node)))
    return plan


def _find(plan: Plan, node: Node) -> Artifact | None:
    try:
        return plan.store.find(node.fingerprint)
    except Damaged as damage:
        plan.damaged[node] = damage.what
        return None


def _choice(graph: Graph, node: Node, found: dict[Node, Artifact | None]) -> Chosen | None:
    """Give what a node asks for of its inputs, from what is stored."""

    def facts(one: Node) -> Facts | None:
        artifact = found.get(one)
        return artifact.facts if artifact is not None else None

    return chosen(graph, node, facts)


def _runs(graph: Graph, found: dict[Node, Artifact | None], choices: Mapping[Node, Chosen]) -> set[Node]:
    """Give the nodes that run, or may: what the run is for, if it isn't stored, and what these need."""
    runs: set[Node] = set()
    asked = list(graph.final)
    while asked:
        node = asked.pop()
        if node not in runs and found[node] is None:
            runs.add(node)
            asked.extend(choices[node].possible if node in choices else node.needs)
    return runs


def _planned(
    plan: Plan, node: Node, artifact: Artifact | None, runs: set[Node], reasons: Reasons, spared: Text | None
) -> Planned:
    if artifact is not None:
        gone = plan.exports.missing(node, artifact) if node in plan.graph.final else []
        if gone:
            return Planned(node, State.COPY, (Text("plan.copy", {"file": gone[0]}),), artifact)
        return Planned(node, State.STORED, (), artifact)
    damaged = (Text("plan.damaged", {"file": plan.damaged[node]}),) if node in plan.damaged else ()
    if node not in runs:
        return Planned(node, State.UNNEEDED, damaged or (spared or Text("plan.unneeded"),))
    failed = (Text("plan.again"),) if node in plan.lacking else ()
    why = failed or damaged or reasons.of(node, runs.__contains__)
    if holds_kept(plan.store.partial / node.worked_in):
        why = (*why, Text("plan.resumes"))
    return Planned(node, State.RUN, why)
