"""Runs a plan with everybody listening: the record of the run, the ledger, plugins, and whoever shows it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from ..dsl.diagnostics.model import Text
from .digests import relative
from .events import Bus, Judged, Listener, PlanChanged, RunFinished, RunStarted
from .mode import Mode
from .plan import Plan
from .records import plain_params
from .remember import remember
from .results import RunResult, TaskResult
from .store import Artifact, Damaged
from .words import say

if TYPE_CHECKING:
    from ..dsl.diagnostics.model import Diagnostic
    from ..dsl.program import Program
    from ..plugins.component import Facts
    from .digests import FileDigests
    from .executor import Outcome
    from .graph import Node
    from .run_folder import RunFolder
    from .versions import Versions

Listeners = Callable[["RunFolder | None"], Iterable[Listener]]
"""Gives those who listen to a run, knowing its folder; there is none if nothing is to run."""


def run_plan(made: Plan, digests: FileDigests, result: RunResult, listeners: Listeners | None) -> None:
    """Run a plan in a folder of its own, with everybody listening."""
    from . import failures
    from .executor import Executor
    from .listeners.plugins import PluginHooks
    from .locks import beside_others
    from .run_folder import RunFolder
    from .signals import stopping_after, stopping_on_signals

    stop = threading.Event()
    started = time.monotonic()
    with contextlib.ExitStack() as open_:
        try:
            made.store.create()
            open_.enter_context(beside_others(made.store.folder))
            folder = RunFolder.create(made.store.folder, made.program.source.text, _imported(made.program))
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
        versions = _locked(made, result)
        with stopping_on_signals(stop), stopping_after(_budget(made), stop) as budget:
            bus(_started(made, folder.id, versions))
            outcome = Executor(made, digests, bus, stop).run()
            while outcome.state == "finished" and made.graph.awaits:
                outcome, made = _go_on(outcome, made, digests, bus, stop)
            result.traceback = folder.keep_tracebacks(outcome.tracebacks)
            _take(result, made, outcome)
            result.diagnostics += _to_try_again(made)
            if outcome.state != "interrupted":
                _judge(result, made, bus)
            elif budget.is_used_up:
                result.diagnostics.append(failures.of_budget(made.program))
            stored = len({task.fingerprint for task in result.tasks.values() if not task.ran})
            bus(RunFinished(folder.id, result.state, time.monotonic() - started, len(outcome.ran), stored))
        result.diagnostics += [failures.of_listener(listener, error) for listener, error in bus.dropped]


def _go_on(before: Outcome, made: Plan, digests: FileDigests, bus: Bus, stop: threading.Event) -> tuple[Outcome, Plan]:
    """Run what waited for the best trial of a sweep, now that there is one."""
    from . import failures
    from .executor import Executor
    from .graph import CannotPlan
    from .plan import make_plan
    from .winners import CannotChoose

    try:
        further = make_plan(made.program, made.store, digests, made.names, made.mode, retry=False)
        refused = further.exports.refusals(further.graph.final)
    except CannotChoose as failure:
        refused = failure.diagnostics
    except CannotPlan as failure:
        refused = [failures.of_plan(failure, made.program)]
    if refused:
        before.state = "failed"
        before.diagnostics += refused
        return before, made
    further.record.run = made.record.run
    bus(PlanChanged(further.lines()))
    outcome = Executor(further, digests, bus, stop).run()
    outcome.diagnostics[:0] = before.diagnostics
    outcome.ran[:0] = before.ran
    outcome.tracebacks[:0] = before.tracebacks
    return outcome, further


def _take(result: RunResult, made: Plan, outcome: Outcome) -> None:
    result.state, result.exit_code = outcome.state, outcome.exit_code
    result.diagnostics += outcome.diagnostics
    result.ran = len(outcome.ran)
    result.exports = made.exports.root
    result.tasks = _results(made, {node.fingerprint for node in outcome.ran})


def _to_try_again(made: Plan) -> list[Diagnostic]:
    """Tell of each sweep that it was made without trials that failed: the next run tries them again."""
    from . import failures

    stored = ((node, _stored(made, node)) for node in made.graph.nodes if node.task.tolerant and node.names)
    return [
        failures.of_trials(node, artifact, made.graph)
        for node, artifact in stored
        if artifact is not None and artifact.lacking
    ]


def _budget(made: Plan) -> float | None:
    """Give the seconds that a run may take; a smoke run takes none of it."""
    budget = getattr(made.program.settings, "budget", None)
    return None if budget is None or made.mode.is_small else float(budget.magnitude)


def _judge(result: RunResult, made: Plan, listener: Listener) -> None:
    """Judge what the file expects; one that fails, fails the run."""
    graph = made.graph
    if not graph.expects and not graph.later:
        return
    from .expects import judge, without

    def unknown(node: Node) -> Text | None:
        """Give why the numbers of a node are not those of a real run."""
        if made.mode is Mode.SMOKE:
            return Text("expect.smoke")
        artifact = _stored(made, node)
        return Text("expect.cut", {"label": node.label}) if artifact is not None and artifact.cut else None

    verdicts, found = judge(graph, graph.expects, lambda node: _facts(made, node), unknown)
    verdicts += map(without, graph.later)
    result.expects = {verdict.name: verdict for verdict in verdicts}
    for verdict in verdicts:
        listener(Judged(verdict.name, verdict.formula, verdict.state, verdict.shown, verdict.reason))
    if found and result.state == "finished":
        # Where a task failed, that is what is wrong, and not what is missing for it.
        result.state, result.exit_code = "failed", 1
        result.diagnostics += found


def _facts(made: Plan, node: Node) -> Facts | None:
    artifact = _stored(made, node)
    return artifact.facts if artifact is not None else None


def _stored(made: Plan, node: Node) -> Artifact | None:
    try:
        return made.store.find(node.fingerprint)
    except Damaged:
        return None


def end_at_once(made: Plan, result: RunResult, listeners: Listeners | None) -> None:
    """End a run in which everything is stored: nothing is written but what the record lacks."""
    from .failures import of_listener

    bus = Bus()
    for listener in listeners(None) if listeners else ():
        bus.add(listener)
    bus(_started(made, "", _locked(made, result)))
    with contextlib.suppress(OSError):  # a store that can be read only is good enough
        remember(made, finished=True)
    result.state, result.exit_code = "finished", 0
    result.tasks = _results(made, set())
    result.exports = made.exports.root
    _judge(result, made, bus)
    folder = made.store.folder / "runs" / made.record.run
    result.folder = folder if made.record.run and folder.is_dir() else None
    bus(RunFinished("", result.state, 0.0, 0, len(made.tasks)))
    result.diagnostics += [of_listener(listener, error) for listener, error in bus.dropped]


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


def _locked(made: Plan, result: RunResult) -> Versions:
    """Give the versions that a run stands on, written into the project's lock; failing at that is a warning.

    A smoke run writes nothing outside of its corner.
    """
    from . import lock
    from .versions import versions_of

    versions = versions_of(made.program)
    wanted = made.mode is Mode.REAL and not result.locked
    if wanted and (warning := lock.record(made.program, versions)) is not None:
        result.diagnostics.append(warning)
    return versions


def _imported(program: Program) -> dict[str, str]:
    """Give the texts of imported files by their path relative to the root."""
    sources = {scope.source.path: scope.source.text for scope in program.scopes.values() if scope.label}
    return {relative(path, program.root): text for path, text in sources.items() if path is not None}


def _started(made: Plan, run_id: str, versions: Versions) -> RunStarted:
    program = made.program
    params = plain_params({name: knob.value for name, knob in program.params.items()})
    name = program.name if made.mode is Mode.REAL else say("cli.smoke", experiment=program.name)
    file, root = made.record.file, str(program.root)
    return RunStarted(run_id, name, file, root, params, made.lines(), versions.as_json())


def _results(made: Plan, ran: set[str]) -> dict[str, TaskResult]:
    found: dict[str, TaskResult] = {}
    for node in made.graph.nodes:
        artifact = _stored(made, node)
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
