"""The Python face: check, plan and run an experiment; the command line stands on the same three functions.

After `result = llx.run("reviews.llx", width=512)` the numbers of an eval are `result["scores"].metrics`, and what became
of what the file expects is in `result.expects`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..dsl.check import check as check_text
from ..dsl.check import find_root
from ..dsl.diagnostics.model import Diagnostic, Text
from ..dsl.diagnostics.similar import similar
from ..dsl.program import Program
from ..dsl.reading import read
from ..dsl.source import Source
from ..dsl.suggest import naming
from ..plugins.registry import Registry
from .literals import literal
from .mode import Mode, corner_of
from .results import CheckResult, PlanResult, RunResult, TaskResult

if TYPE_CHECKING:
    from ..plugins.component import Estimate
    from .digests import FileDigests
    from .graph import Node
    from .plan import Plan
    from .running import Listeners
    from .store import Store

__all__ = ["CheckResult", "Mode", "PlanResult", "RunResult", "TaskResult", "check", "open_store", "plan", "run"]

FOLDER = ".llx"
"""The store's folder within a project."""


def check(path: str | os.PathLike[str], /, *, params: Sequence[str] = (), **values: Any) -> CheckResult:
    """Check a file.

    `values` are its params as Python values; `params` are `name=value` as on the command line, in the language.
    """
    file = Path(path)
    given = [*params, *(f"{name}={literal(value)}" for name, value in values.items())]
    root = find_root(file)
    source, found = read(file, str(path))
    if source is None:
        return CheckResult(file, root, None, found, Registry())
    return check_source(source, file, root, given)


def check_source(source: Source, file: Path, root: Path, params: Sequence[str] = ()) -> CheckResult:
    """Check a text in the place of a file that holds another one, or none yet."""
    registry = Registry()
    checked = check_text(source, registry, root=root, params=params)
    if checked.diagnostics:
        _learn_words()
    return CheckResult(file, root, checked.program, checked.diagnostics, registry, source)


def plan(
    path: str | os.PathLike[str],
    /,
    *,
    only: str | Sequence[str] = (),
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
    made, found, digests = _plan(checked.program, only, open_store(checked.program.root, store))
    result.diagnostics += found
    if made is None:
        return result
    digests.save()
    estimates, refused = _estimates(made)
    result.diagnostics += refused
    result.plan = made
    result.estimates = {node.label: estimate for node, estimate in estimates.items()}
    result.totals = cost.totals(estimates, waiting=bool(made.waiting))
    return result


def run(
    path: str | os.PathLike[str],
    /,
    *,
    only: str | Sequence[str] = (),
    store: str | os.PathLike[str] | None = None,
    listeners: Listeners | None = None,
    mode: Mode | str = Mode.REAL,
    locked: bool = False,
    params: Sequence[str] = (),
    **values: Any,
) -> RunResult:
    """Run a file: what is stored already is not run again.

    The mode "smoke" runs all of it with a handful of rows and steps, in a corner of the store, to see that the parts
    fit; "test" also judges the expectations whose numbers are not changed by that.
    The exact versions are written into the project's `llx.lock`; with `locked` it runs only if they are those there.
    Nothing is raised for what is wrong with the file, the data or a task: it is in the result's `diagnostics`.
    """
    checked = check(path, params=params, **values)
    return run_checked(checked, only=only, store=store, listeners=listeners, mode=Mode(mode), locked=locked)


def run_checked(
    checked: CheckResult,
    *,
    only: str | Sequence[str] = (),
    store: str | os.PathLike[str] | None = None,
    listeners: Listeners | None = None,
    mode: Mode = Mode.REAL,
    locked: bool = False,
) -> RunResult:
    """Run a file that was checked, for those who show what the check found before anything runs."""
    result = RunResult(checked, list(checked.diagnostics), mode=mode, locked=locked)
    if checked.program is None or (locked and _differs(checked.program, result)):
        return result
    from .locks import reading

    # From the plan on: what it finds stored must still be there at the end.
    opened = open_store(checked.program.root, store, mode)
    with reading(opened.folder):
        _run(checked.program, result, only, opened, listeners, mode)
    if result.diagnostics:
        _learn_words()
    return result


def _differs(program: Program, result: RunResult) -> bool:
    """Tell whether versions differ from the lock, and report how."""
    from . import lock
    from .versions import versions_of

    refused = lock.refusal(program, versions_of(program))
    if refused is not None:
        result.diagnostics.append(refused)
        _learn_words()
    return refused is not None


def _run(
    program: Program,
    result: RunResult,
    only: str | Sequence[str],
    store: Store,
    listeners: Listeners | None,
    mode: Mode,
) -> None:
    from .running import end_at_once, run_plan

    made, found, digests = _plan(program, only, store, mode)
    result.diagnostics += found
    if made is None:
        return
    try:
        if made.is_done:
            end_at_once(made, result, listeners)
        elif refused := _estimates(made)[1]:
            result.diagnostics += refused
        else:
            run_plan(made, digests, result, listeners)
    finally:
        digests.save()


def open_store(root: Path, store: str | os.PathLike[str] | None = None, mode: Mode = Mode.REAL) -> Store:
    """Give the store of a project: that which is given, else LLX_STORE, else `.llx` in its root.

    That of smoke runs is a corner of it.
    """
    from .store import Store

    folder = Path(store or os.environ.get("LLX_STORE") or root / FOLDER)
    return Store(corner_of(folder) if mode.is_small else folder)


def _plan(
    program: Program, only: str | Sequence[str], opened: Store, mode: Mode = Mode.REAL
) -> tuple[Plan | None, list[Diagnostic], FileDigests]:
    from .digests import FileDigests
    from .failures import of_plan
    from .graph import CannotPlan
    from .plan import make_plan
    from .winners import CannotChoose

    only = (only,) if isinstance(only, str) else only
    digests = FileDigests(program.root, opened.folder / "digests.json")
    unknown = [_unknown(program, name) for name in only if not _can_run(program, name)]
    if unknown:
        return None, unknown, digests
    try:
        return make_plan(program, opened, digests, tuple(only) or None, mode), [], digests
    except CannotPlan as failure:
        return None, [of_plan(failure, program)], digests
    except CannotChoose as failure:
        return None, failure.diagnostics, digests


def _estimates(made: Plan) -> tuple[dict[Node, Estimate], list[Diagnostic]]:
    """Give what the tasks to run will cost, and why some can't run: what they foresee, no room on this machine, …"""
    from ..plugins.component import Estimate, TaskFailed
    from . import cost
    from .failures import diagnose

    facts = cost.KnownFacts(made.graph, made.store)
    estimates: dict[Node, Estimate] = {}
    foreseen: list[Diagnostic] = []
    for task in made.to_run:
        try:
            estimates[task.node] = facts.estimate(task.node)
        except TaskFailed as failure:
            estimates[task.node] = Estimate()
            foreseen.append(diagnose(failure, made.graph, task.node, made.store))
    # What trials or equal parts have in common is said once.
    foreseen = list({(one.code, one.span): one for one in reversed(foreseen)}.values())[::-1]
    refused = [cost.refusal(node, estimate, made.program, made.graph) for node, estimate in estimates.items()]
    misplaced = made.exports.refusals(made.graph.final, made.waiting)
    estimates = made.at_most(cost.apart(made.graph, estimates, facts.estimate))
    return estimates, [*foreseen, *misplaced, *(diagnostic for diagnostic in refused if diagnostic is not None)]


def _can_run(program: Program, name: str) -> bool:
    """Tell whether a run can be for a name: that of a task, or of an expectation."""
    from ..plugins.component import Task

    if name in program.expects:
        return True
    declared = program.everything.get(name)
    return declared is not None and isinstance(declared.value, Task)


def _unknown(program: Program, name: str) -> Diagnostic:
    tasks = [name for name in (*program.everything, *program.expects) if _can_run(program, name)]
    helps = (*naming(similar(name, tasks)), Text("L0811.help", {"names": tasks}))
    if name in program.everything:
        declared = program.everything[name]
        message = Text("L0811.value", {"name": name, "kind": declared.kind})
        return Diagnostic("L0811", message, declared.name_span, helps=helps)
    return Diagnostic("L0811", Text("L0811", {"name": name}), None, helps=helps)


def _learn_words() -> None:
    """Make the words of the runtime known to the diagnostics' catalogue; those of plugins came with them."""
    from ..dsl.diagnostics import words
    from .words import load

    for language in dict.fromkeys((words.language(), "en")):
        load(language)
