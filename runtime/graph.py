"""From a program to its graph: tasks, what each one needs, and what a person calls it.

Equal tasks are one node, whatever they are called and however often they are written.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from ..dsl.program import Declared, Expectation, Program, Reference
from ..dsl.source import Span
from ..plugins.component import Task, references
from .digests import relative
from .fingerprint import Identity, Parts, identify

T = TypeVar("T")

TASKS_IN_A_CHAIN = 20_000
"""A task whose `prepare` goes on for ever would fill the memory."""


class CannotPlan(Exception):
    """Raised when a task's own code, or a file that it reads, keeps it out of the graph; the cause is `error`."""

    def __init__(self, task: Task, error: Exception) -> None:
        super().__init__(task, error)
        self.task = task
        self.error = error


@dataclass(eq=False)
class Node:
    """A task of the graph."""

    task: Task
    identity: Identity
    inputs: tuple[Node, ...]
    """What its references lead to."""
    hidden: dict[str, Node]
    """What it prepares, by label."""
    tasks: list[Task] = field(default_factory=list)
    """All tasks that are this one; they may differ in what is no part of the identity (where an export goes)."""
    label: str = ""
    names: tuple[str, ...] = ()
    """What the file calls it; more than one if equal tasks are declared twice."""
    owner: Node | None = None
    """The first node that needs it, if it has no name: its place stands for this one's."""
    settings: Any = None
    """The settings of the experiment that it runs under."""
    whole: Node | None = None
    """The task that it does a part of."""
    sweep: str = ""
    """The sweep that it is a trial's of, if nothing else in the file is this task."""
    role: str = ""
    """What the trials of that sweep call it: `pretrain`, `pretrain · tokens`."""

    @property
    def fingerprint(self) -> str:
        return self.identity.fingerprint

    @property
    def worked_in(self) -> str:
        """Give the name of the folder of its unfinished work."""
        return self.fingerprint if self.whole is None else self.whole.fingerprint

    @cached_property
    def parts(self) -> Parts:
        """Give what its fingerprint was made from."""
        return self.identity.parts()

    @property
    def kind(self) -> str:
        return self.task.kind

    @property
    def component(self) -> str:
        return self.task.name

    @property
    def depth(self) -> int:
        """0 for what the file declares, 1 for an anonymous or hidden task."""
        return 0 if self.names else 1

    @property
    def needs(self) -> tuple[Node, ...]:
        """Give the nodes that must be there before it runs."""
        return tuple(dict.fromkeys((*self.inputs, *self.hidden.values())))

    @cached_property
    def closure(self) -> frozenset[Node]:
        """Give all that it builds on, however far away."""
        found: set[Node] = set()
        asked = list(self.needs)
        while asked:
            node = asked.pop()
            if node not in found:
                found.add(node)
                asked.extend(node.needs)
        return frozenset(found)

    def __repr__(self) -> str:
        return f"Node({self.label} {self.fingerprint[:8]})"


class Graph:
    """The nodes of a program, each after what it needs."""

    def __init__(self, program: Program, digest: Callable[[Path], str]) -> None:
        self.program = program
        self._digest = digest
        self._by_task: dict[int, Node] = {}
        self._by_fingerprint: dict[str, Node] = {}
        self._settings: dict[int, Any] = {}
        self._kept: list[Task] = []
        self._lock = threading.RLock()
        self.final: tuple[Node, ...] = ()
        self.waiting: tuple[Declared, ...] = ()
        """What is known only when the sweeps that it waits for have a best trial."""
        self.awaits: frozenset[str] = frozenset()
        """The sweeps whose best trial something waits for."""
        self.expects: tuple[Expectation, ...] = ()
        """What is judged when its tasks are there."""
        self.later: tuple[Expectation, ...] = ()
        """What is judged when the sweeps that it waits for have a best trial."""

    @property
    def nodes(self) -> tuple[Node, ...]:
        return tuple(self._by_fingerprint.values())

    def find(self, what: Task | Reference, asker: Node | None = None) -> Node:
        """Give the node of a task, which may be an equal one that was made anew; running tasks may ask at once.

        What a task makes anew is under the settings of the node that asks.
        """
        with self._lock:
            settings = asker.settings if asker is not None else None
            if isinstance(what, Reference):
                return self.add(what.task, what.settings or settings)
            return self.add(what, settings)

    def named(self, name: str) -> Node | None:
        """Give the node of a name or label."""
        for node in self.nodes:
            if name in node.names:
                return node
        return next((node for node in self.nodes if node.label == name), None)

    def holds(self, task: Task) -> bool:
        """Tell whether a run is for this task (and doesn't merely need it)."""
        return self._by_task.get(id(task)) in self.final

    def named_by(self, expectation: Expectation) -> tuple[Task | Reference, ...]:
        """Give what an expectation is judged by: the tasks whose numbers it names, the sweeps whose best trial."""
        sweeps = (self.program.declarations[name].value for name in sorted(expectation.chosen))
        return (*expectation.formula.references, *sweeps)

    def place(self, node: Node, field: str | None = None) -> Span | None:
        """Give the place in the file that a node comes from, or that of a field: its own, or that of what needs it."""
        current: Node | None = node
        while current is not None:
            for task in current.tasks:
                if (span := self.program.place(task, field)) is not None:
                    return span
            current = current.owner
        return None

    def name_place(self, node: Node) -> Span | None:
        """Give the place of a node's name, or of what it is written in if it has none."""
        return self.program.everything[node.names[0]].name_span if node.names else self.place(node)

    def add(self, task: Task, settings: Any = None) -> Node:
        """Give the node of a task, made with all that it needs if it isn't there; chains may be long.

        What it needs is under its own settings, unless a reference says otherwise; without any, those of the program.
        """
        hidden: dict[int, dict[str, Task]] = {}
        self._settings.setdefault(id(task), settings or self.program.settings)
        waiting = [task]
        open_: set[int] = set()
        while waiting:
            current = waiting[-1]
            if id(current) in self._by_task:
                waiting.pop()
                continue
            if id(current) not in hidden:
                hidden[id(current)] = self._ask(current, lambda task: dict(task.prepare()))
            edges = list(references(current))
            inputs = [reference.task for reference in edges]
            below = hidden[id(current)]
            here = self._settings[id(current)]
            for reference in edges:
                self._settings.setdefault(id(reference.task), reference.settings or here)
            for one in below.values():
                self._settings.setdefault(id(one), here)
            missing = [one for one in (*inputs, *below.values()) if id(one) not in self._by_task]
            if missing:
                assert id(current) not in open_, f"the task {current.name} needs itself"
                assert len(open_) < TASKS_IN_A_CHAIN, f"the task {current.name} prepares without end"
                open_.add(id(current))
                waiting.extend(reversed(missing))
                continue
            waiting.pop()
            open_.discard(id(current))
            self._enter(current, inputs, below)
        return self._by_task[id(task)]

    def _ask(self, task: Task, question: Callable[[Task], T]) -> T:
        """Ask a task's own code, whose mistakes are not to be taken for ours."""
        try:
            return question(task)
        except Exception as error:
            raise CannotPlan(task, error) from error

    def _enter(self, task: Task, inputs: Sequence[Task], hidden: dict[str, Task]) -> None:
        root = self.program.root
        below = {label: self._by_task[id(one)] for label, one in hidden.items()}
        identity = identify(
            task,
            refer=lambda one: self._by_task[id(one)].fingerprint,
            hidden={label: node.fingerprint for label, node in below.items()},
            files=self._ask(task, lambda one: {relative(path, root): self._digest(path) for path in one.files(root)}),
            settings=self._settings[id(task)],
        )
        node = self._by_fingerprint.get(identity.fingerprint)
        if node is None:
            edges = tuple(dict.fromkeys(self._by_task[id(one)] for one in inputs))
            settings, part = self._settings[id(task)], task.part()
            whole = self.add(part.of, settings) if part is not None else None
            node = Node(task, identity, edges, below, settings=settings, whole=whole)
            self._by_fingerprint[node.fingerprint] = node
        node.tasks.append(task)
        self._by_task[id(task)] = node
        self._kept.append(task)  # an id is of this task only as long as it lives


def build(program: Program, digest: Callable[[Path], str], names: Iterable[str] | None = None) -> Graph:
    """Make the graph of what a run is for (or of some declared tasks and expectations) and of all that it needs.

    What waits for the best trial of a sweep isn't known yet: in its place stands the sweep. `digest` gives the digest
    of a file. CannotPlan if a task or a file stands in the way; KeyError for a name that is neither a task's nor an
    expectation's.
    """
    graph = Graph(program, digest)
    wanted = (*program.final, *program.expects) if names is None else tuple(dict.fromkeys(names))
    finals: list[Node] = []
    for name in wanted:
        one = program.expects.get(name) or program.everything[name]
        if isinstance(one, Declared) and not isinstance(one.value, Task):
            raise KeyError(name)
        if one.awaits:
            graph.awaits |= one.awaits
            graph.waiting += (one,) if isinstance(one, Declared) else ()
            graph.later += () if isinstance(one, Declared) else (one,)
            sweeps = (program.declarations[sweep] for sweep in sorted(one.awaits))
            finals += [graph.add(sweep.value) for sweep in sweeps if not sweep.awaits]
        elif isinstance(one, Declared):
            finals.append(graph.add(one.value))
        else:
            finals += [graph.find(named) for named in graph.named_by(one)]
    graph.final = tuple(dict.fromkeys(finals))
    known = (one for one in program.expects.values() if not one.awaits)
    graph.expects = tuple(one for one in known if one.name in wanted or _suffices(graph, one))
    _label(graph)
    return graph


def _suffices(graph: Graph, expectation: Expectation) -> bool:
    """Tell whether what is run for some names is all that an expectation refers to."""
    named = graph.named_by(expectation)
    return all(graph.holds(one.task if isinstance(one, Reference) else one) for one in named)


def _label(graph: Graph) -> None:
    """Name every node: as declared, else after the first that needs it (`corpus · text`, `pretrain · tokens`).

    What only trials have is named after its trial: `search(lr=0.001) · pretrain`.
    """
    declared: dict[int, list[str]] = {}
    for declaration in graph.program.everything.values():
        if not declaration.awaits:
            declared.setdefault(id(declaration.value), []).append(declaration.name)
    taken: set[str] = set()
    for node in graph.nodes:
        node.names = tuple(dict.fromkeys(name for task in node.tasks for name in declared.get(id(task), ())))
        if node.names:
            node.label = node.names[0]
            taken.update(node.names)
    tried = _label_trials(graph, taken)
    tried += _label_parts(graph, taken)
    # What the file needs is called after it, even if a trial needs it, too.
    _label_below([node for node in graph.nodes if node.names], taken)
    _label_below(tried, taken)


def _label_trials(graph: Graph, taken: set[str]) -> list[Node]:
    """Name the tasks that trials declare and the file doesn't have; give them."""
    known = {id(value): (trial, name) for trial in graph.program.trials for name, value in trial.declarations.items()}
    found = []
    for node in graph.nodes:
        roles = [known[id(task)] for task in node.tasks if id(task) in known]
        if roles and not node.names:
            trial, name = roles[0]
            node.sweep, node.role = trial.sweep, name
            node.label = _free(f"{trial.label} · {name}", taken)
            taken.add(node.label)
            found.append(node)
    return found


def _label_parts(graph: Graph, taken: set[str]) -> list[Node]:
    """Name the tasks that do a part of another one after that one: `search(lr=0.001) · pretrain · 10%`."""
    found = []
    for node in graph.nodes:
        whole, part = node.whole, node.task.part()
        if whole is not None and whole.label and part is not None:
            node.owner, node.sweep = whole, whole.sweep
            node.role = f"{whole.role} · {part.share:.0%}" if whole.sweep else ""
            node.label = _free(f"{whole.label} · {part.share:.0%}", taken)
            taken.add(node.label)
            found.append(node)
    return found


def _label_below(level: list[Node], taken: set[str]) -> None:
    """Name the nodes without a name after those that need them, the nearest first."""
    while level:
        # What a task prepares is called after it, even if another that comes before it reads the same.
        below = [(node, word, one) for node in level for word, one in node.hidden.items()]
        below += [(node, one.component, one) for node in level for one in node.inputs]
        level = []
        for node, word, one in below:
            if not one.label:
                one.owner, one.sweep = node, node.sweep
                one.role = f"{node.role} · {word}" if node.sweep else ""
                one.label = _free(f"{node.label} · {word}", taken)
                taken.add(one.label)
                level.append(one)


def _free(label: str, taken: set[str]) -> str:
    number = 2
    free = label
    while free in taken:
        free = f"{label} {number}"
        number += 1
    return free
