"""The Python face: check, plan and run an experiment; the command line stands on the same three functions.

result = llx.run("reviews.llx", width=512)
result["scores"].metrics["accuracy"]
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..dsl.check import check_file, find_root
from ..dsl.diagnostics.model import Diagnostic, Text
from ..dsl.diagnostics.similar import similar
from ..dsl.program import Program
from ..dsl.quantities import Quantity
from ..plugins.registry import Registry

if TYPE_CHECKING:
    from ..plugins.component import Estimate
    from .cost import Totals
    from .digests import FileDigests
    from .events import Bus, Listener, TaskLine
    from .executor import Outcome
    from .graph import Node
    from .plan import Plan
    from .run_folder import RunFolder
    from .store import Store

FOLDER = ".llx"
"""The store's folder within a project."""

Listeners = Callable[["RunFolder | None"], Iterable["Listener"]]
"""Gives those who listen to a run, knowing its folder; there is none if nothing is to run."""


@dataclass(slots=True)
class CheckResult:
    """What a check found; `program` is None if there is an error."""

    path: Path
    root: Path
    program: Program | None
    diagnostics: list[Diagnostic]
    registry: Registry

    @property
    def ok(self) -> bool:
        return not any(diagnostic.is_error for diagnostic in self.diagnostics)

    @property
    def exit_code(self) -> int:
        return 0 if self.ok else 1


@dataclass(slots=True)
class PlanResult:
    """What a run would do: its tasks in order, with reasons and costs."""

    checked: CheckResult
    diagnostics: list[Diagnostic]
    plan: Plan | None = None
    estimates: dict[str, Estimate] = field(default_factory=dict)
    """What the tasks to run will cost, by label."""
    totals: Totals | None = None

    @property
    def ok(self) -> bool:
        return not any(diagnostic.is_error for diagnostic in self.diagnostics)

    @property
    def exit_code(self) -> int:
        return 0 if self.ok else 1

    @property
    def tasks(self) -> tuple[TaskLine, ...]:
        return self.plan.lines() if self.plan else ()


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What a task made: its artifact's folder and its facts."""

    label: str
    kind: str
    component: str
    fingerprint: str
    ran: bool
    """Whether it ran now, and was not stored before."""
    path: Path
    facts: Mapping[str, Any]

    @property
    def metrics(self) -> Mapping[str, float]:
        found: Mapping[str, float] = self.facts.get("metrics", {})
        return found


@dataclass(slots=True)
class RunResult:
    """How a run went. `result["scores"].metrics` are the numbers of a task by its name or label."""

    checked: CheckResult
    diagnostics: list[Diagnostic]
    state: str = "failed"
    """finished, failed or interrupted."""
    exit_code: int = 1
    tasks: dict[str, TaskResult] = field(default_factory=dict)
    """What is stored now, by label."""
    id: str = ""
    folder: Path | None = None
    """The run's folder (events, traceback, report); that of the last run that did something, if this one did nothing."""
    ran: int = 0
    traceback: Path | None = None

    @property
    def ok(self) -> bool:
        return self.state == "finished"

    def __getitem__(self, name: str) -> TaskResult:
        return self.tasks[name]


def check(path: str | os.PathLike[str], /, *, params: Sequence[str] = (), **values: Any) -> CheckResult:
    """Check a file.

    `values` are its params as Python values; `params` are `name=value` as on the command line, in the language.
    """
    file = Path(path)
    registry = Registry()
    root = find_root(file)
    given = [*params, *(f"{name}={literal(value)}" for name, value in values.items())]
    checked = check_file(file, registry, root=root, params=given, shown_name=str(path))
    diagnostics = list(checked.diagnostics)
    if checked.program is not None:
        diagnostics += registry.rules(checked.program)
    if diagnostics:
        _learn_words()
    failed = any(diagnostic.is_error for diagnostic in diagnostics)
    return CheckResult(file, root, None if failed else checked.program, diagnostics, registry)


def plan(
    path: str | os.PathLike[str],
    /,
    *,
    only: Sequence[str] = (),
    store: str | os.PathLike[str] | None = None,
    params: Sequence[str] = (),
    **values: Any,
) -> PlanResult:
    """Plan a run of a file, or of the tasks named in `only`: what would run, why, and what it costs."""
    from . import cost

    checked = check(path, params=params, **values)
    result = PlanResult(checked, list(checked.diagnostics))
    if checked.program is None:
        return result
    made, found, digests = _plan(checked.program, only, store)
    result.diagnostics += found
    if made is None:
        return result
    digests.save()
    estimates, refused = _estimates(made)
    result.diagnostics += refused
    result.plan = made
    result.estimates = {node.label: estimate for node, estimate in estimates.items()}
    result.totals = cost.totals(estimates)
    return result


def run(
    path: str | os.PathLike[str],
    /,
    *,
    only: Sequence[str] = (),
    store: str | os.PathLike[str] | None = None,
    listeners: Listeners | None = None,
    params: Sequence[str] = (),
    **values: Any,
) -> RunResult:
    """Run a file: what is stored already is not run again.

    Nothing is raised for what is wrong with the file, the data or a task: it is in the result's `diagnostics`.
    """
    checked = check(path, params=params, **values)
    result = RunResult(checked, list(checked.diagnostics))
    if checked.program is None:
        return result
    made, found, digests = _plan(checked.program, only, store)
    result.diagnostics += found
    if made is None:
        return result
    try:
        if made.is_done:
            _nothing_to_run(made, result, listeners)
        elif refused := _estimates(made)[1]:
            result.diagnostics += refused
        else:
            _run(made, digests, result, listeners)
    finally:
        digests.save()
    if result.diagnostics:
        _learn_words()
    return result


def open_store(root: Path, store: str | os.PathLike[str] | None = None) -> Store:
    """Give the store of a project: that which is given, else LLX_STORE, else `.llx` in its root."""
    from .store import Store

    return Store(Path(store or os.environ.get("LLX_STORE") or root / FOLDER))


def literal(value: Any) -> str:
    """Write a Python value in the language, as the value of a param."""
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return repr(value)
        case str():
            return json.dumps(value, ensure_ascii=False).replace("${", "\\u{24}{")
        case Quantity():
            return str(value)
        case list() | tuple():
            return f"[{', '.join(literal(item) for item in value)}]"
        case Mapping():
            return f"{{ {', '.join(f'{json.dumps(str(key))} = {literal(item)}' for key, item in value.items())} }}"
    raise TypeError(f'a param can\'t hold {value!r}; give it in the language with `params=["name=…"]`')


def _plan(
    program: Program, only: Sequence[str], store: str | os.PathLike[str] | None
) -> tuple[Plan | None, list[Diagnostic], FileDigests]:
    from .digests import FileDigests
    from .failures import of_plan
    from .graph import CannotPlan
    from .plan import make_plan

    opened = open_store(program.root, store)
    digests = FileDigests(program.root, opened.folder / "digests.json")
    unknown = [_unknown(program, name) for name in only if not _is_task(program, name)]
    if unknown:
        return None, unknown, digests
    try:
        return make_plan(program, opened, digests, tuple(only) or None), [], digests
    except CannotPlan as failure:
        return None, [of_plan(failure, program)], digests


def _estimates(made: Plan) -> tuple[dict[Node, Estimate], list[Diagnostic]]:
    """Give what the tasks to run will cost, and the refusal of those that can't fit this machine."""
    from . import cost

    facts = cost.KnownFacts(made.graph, made.store)
    estimates = {task.node: facts.estimate(task.node) for task in made.to_run}
    refused = [cost.refusal(node, estimate, made.program, made.graph) for node, estimate in estimates.items()]
    return estimates, [diagnostic for diagnostic in refused if diagnostic is not None]


def _run(made: Plan, digests: FileDigests, result: RunResult, listeners: Listeners | None) -> None:
    """Run a plan in a folder of its own, with everybody listening."""
    from . import failures
    from .events import Bus, RunFinished
    from .executor import Executor
    from .listeners.plugins import PluginHooks
    from .locks import beside_others
    from .run_folder import RunFolder
    from .signals import stopping_on_signals

    stop = threading.Event()
    started = time.monotonic()
    with contextlib.ExitStack() as open_:
        try:
            made.store.create()
            open_.enter_context(beside_others(made.store.folder))
            folder = RunFolder.create(made.store.folder, made.program.source.text)
            bus = Bus()
            open_.enter_context(_recording(bus, folder, made))
        except (OSError, failures.WrongStore) as error:
            wrong = failures.of_store(error, made.store)
            if wrong is None:
                raise
            result.diagnostics.append(wrong)
            result.exit_code = 3 if wrong.code in failures.NO_SPACE else 1
            return
        result.id, result.folder, made.record.run = folder.id, folder.path, folder.id
        hooks = PluginHooks(result.checked.registry.manager, lambda *said: bus.dropped.append(said))
        bus.add(hooks)
        for listener in listeners(folder) if listeners else ():
            bus.add(listener)
        with stopping_on_signals(stop):
            bus(_started(made, folder.id))
            outcome = Executor(made, digests, bus, stop).run()
            result.traceback = folder.keep_tracebacks(outcome.tracebacks)
            _take(result, made, outcome)
            stored = len(made.tasks) - len(made.to_run)
            bus(RunFinished(folder.id, outcome.state, time.monotonic() - started, len(outcome.ran), stored))
        result.diagnostics += [failures.of_listener(listener, error) for listener, error in bus.dropped]


def _take(result: RunResult, made: Plan, outcome: Outcome) -> None:
    result.state, result.exit_code = outcome.state, outcome.exit_code
    result.diagnostics += outcome.diagnostics
    result.ran = len(outcome.ran)
    result.tasks = _results(made, {node.fingerprint for node in outcome.ran})


def _nothing_to_run(made: Plan, result: RunResult, listeners: Listeners | None) -> None:
    """End a run in which everything is stored: nothing is written but what the record lacks."""
    from .events import Bus, RunFinished
    from .remember import remember

    bus = Bus()
    for listener in listeners(None) if listeners else ():
        bus.add(listener)
    bus(_started(made, ""))
    with contextlib.suppress(OSError):  # a store that can be read only is good enough
        remember(made, finished=True)
    result.state, result.exit_code = "finished", 0
    result.tasks = _results(made, set())
    folder = made.store.folder / "runs" / made.record.run
    result.folder = folder if made.record.run and folder.is_dir() else None
    bus(RunFinished("", "finished", 0.0, 0, len(made.tasks)))


@contextlib.contextmanager
def _recording(bus: Bus, folder: RunFolder, made: Plan) -> Iterator[None]:
    """Have a run written down in its folder and in the ledger."""
    import sqlite3

    from .ledger import Ledger
    from .listeners.json_lines import JsonLines

    with contextlib.ExitStack() as open_:
        bus.add(JsonLines(open_.enter_context(folder.open_events())))
        with contextlib.suppress(sqlite3.Error):  # the list of runs isn't worth a run
            ledger = open_.enter_context(contextlib.closing(Ledger(made.store.folder)))
            bus.add(ledger.listener())
        yield


def _started(made: Plan, run_id: str) -> Any:
    from .events import RunStarted
    from .records import plain_params

    program = made.program
    params = plain_params({name: knob.value for name, knob in program.params.items()})
    return RunStarted(run_id, program.name, made.record.file, str(program.root), params, made.lines())


def _results(made: Plan, ran: set[str]) -> dict[str, TaskResult]:
    from .store import Damaged

    found: dict[str, TaskResult] = {}
    for node in made.graph.nodes:
        try:
            artifact = made.store.find(node.fingerprint)
        except Damaged:
            continue
        if artifact is not None:
            for name in node.names or (node.label,):
                found[name] = TaskResult(
                    label=name,
                    kind=node.kind,
                    component=node.component,
                    fingerprint=node.fingerprint,
                    ran=node.fingerprint in ran,
                    path=artifact.directory,
                    facts=artifact.facts,
                )
    return found


def _is_task(program: Program, name: str) -> bool:
    from ..plugins.component import Task

    declared = program.declarations.get(name)
    return declared is not None and isinstance(declared.value, Task)


def _unknown(program: Program, name: str) -> Diagnostic:
    tasks = [declared.name for declared in program.declarations.values() if _is_task(program, declared.name)]
    helps: tuple[Text, ...] = (Text("L0811.help", {"names": tasks}),)
    if near := similar(name, tasks):
        helps = (Text("help.similar", {"names": near}), *helps)
    if name in program.declarations:
        declared = program.declarations[name]
        message = Text("L0811.value", {"name": name, "kind": declared.kind})
        return Diagnostic("L0811", message, declared.name_span, helps=helps)
    return Diagnostic("L0811", Text("L0811", {"name": name}), None, helps=helps)


def _learn_words() -> None:
    """Make the words of the runtime known to the diagnostics' catalogue; those of plugins came with them."""
    from ..dsl.diagnostics import words
    from .words import load

    for language in dict.fromkeys((words.language(), "en")):
        load(language)
