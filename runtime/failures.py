"""What went wrong in a run, as a diagnostic that names the place in the file and the way out."""

from __future__ import annotations

import errno
import os
import traceback
from pathlib import Path

from ..dsl.diagnostics.model import Diagnostic, Severity, Text
from ..dsl.program import Program
from ..dsl.source import Span
from ..plugins.component import Task, TaskFailed
from .digests import FileChanged
from .exports import CannotExport
from .graph import CannotPlan, Graph, Node
from .listeners.figures import size
from .store import Artifact, Damaged, Store, WrongStore

NO_SPACE = frozenset({"L0803", "L0812"})
"""Codes of a full disk, which has an exit code of its own."""


OF_STORE = NO_SPACE | {"L0814", "L0815", "L0817", "L0819", "L0824"}
"""Codes of what is wrong with the store or the files, and not with the task that met it: nothing can go on."""


class NoSpace(Exception):
    """Raised when there is less room on the disk than is needed."""

    def __init__(self, free: int, needed: int) -> None:
        super().__init__(free, needed)
        self.free = free
        self.needed = needed


class FilesChanged(Exception):
    """Raised when a file that a task reads was changed while it ran."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(*names)
        self.names = names


class BadFacts(Exception):
    """Raised when what a task returned is not small JSON."""


def diagnose(error: BaseException, graph: Graph, node: Node, store: Store) -> Diagnostic:
    """Give the diagnostic for what a task, or the runtime on its behalf, raised."""
    place = graph.place(node)
    if isinstance(error, CannotExport):
        return error.diagnostic
    if isinstance(error, TaskFailed):
        task = next((one for one in node.tasks if graph.program.place(one)), node.task)
        # A hidden task has the fields that matter (data, tokenizer) from the one that needs it.
        return _of_task(error, graph.program, task, node.label, graph.place(node, error.field))
    if isinstance(error, FilesChanged):
        return _say("L0817", place, label=node.label, file=error.names[0])
    if isinstance(error, FileChanged):
        return _say("L0817", place, label=node.label, file=str(error.path))
    if isinstance(error, Damaged):
        return _say("L0819", place, label=node.label, file=error.what)
    if isinstance(error, MemoryError):
        return _say("L0813", place, label=node.label)
    general = of_store(error, store)
    if general is not None:
        return general
    if _is_gone(store, node):
        # What a library says of a file that isn't there any more names everything but this.
        return _say("L0824", None, path=str(store.folder))
    if isinstance(error, OSError) and error.filename is not None and not _in_plugin(error):
        return _say("L0816", place, path=_text(error.filename), reason=error.strerror or type(error).__name__)
    return _say("L0810", place, label=node.label, component=node.component, error=last_line(error))


def of_store(error: BaseException, store: Store) -> Diagnostic | None:
    """Give the diagnostic for a store that can't be used, or None if that isn't what went wrong."""
    where = str(store.folder)
    if isinstance(error, NoSpace):
        return _say("L0812", None, path=where, free=size(error.free), needed=size(error.needed))
    if isinstance(error, WrongStore):
        return Diagnostic("L0815", Text(error.reason, {"path": str(error.path)}), None, helps=(Text("L0814.help"),))
    if is_full(error):
        return Diagnostic("L0812", Text("L0812.full", {"path": where}), None, helps=(Text("L0812.help"),))
    if not isinstance(error, OSError):
        return None
    inside = error.filename is not None and Path(_text(error.filename)).is_relative_to(store.folder)
    if inside and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return _say("L0814", None, path=where, reason=error.strerror or "")
    if inside and error.errno in (errno.EEXIST, errno.ENOTDIR, errno.EISDIR):
        return Diagnostic(
            "L0815", Text("L0815.part", {"path": _text(error.filename)}), None, helps=(Text("L0815.part.help"),)
        )
    if inside and error.errno == errno.ENOENT:
        return _say("L0824", None, path=where)
    return None


def is_full(error: BaseException) -> bool:
    """Tell whether an exception says that a disk is full.

    Libraries that are not written in Python (tokenizers, safetensors, Arrow) put the system's words into an
    exception of their own, and keep nothing but these.
    """
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return any(os.strerror(number) in str(error) for number in (errno.ENOSPC, errno.EDQUOT))


def _is_gone(store: Store, node: Node) -> bool:
    """Tell whether the store, or what a task reads from it, was removed while it ran."""
    needs = node.needs if node.task.asks(lambda _: None) is None else ()  # it may do without some of them
    folders = (store.partial, *(store.place(needed.fingerprint) for needed in needs))
    return not all(folder.is_dir() for folder in folders)


def of_plan(failure: CannotPlan, program: Program) -> Diagnostic:
    """Give the diagnostic for what kept a task out of the graph: a file that can't be read, or its own code."""
    task, error = failure.task, failure.error
    place = program.place(task)
    label = program.label(task) or task.name
    if isinstance(error, TaskFailed):
        return _of_task(error, program, task, label, place)
    if isinstance(error, FileChanged):
        return _say("L0817", place, label=label, file=str(error.path))
    if isinstance(error, OSError) and error.filename is not None:
        return _say("L0816", place, path=_text(error.filename), reason=error.strerror or type(error).__name__)
    return _say("L0810", place, label=label, component=task.name, error=last_line(error))


def of_budget(program: Program) -> Diagnostic:
    """Give the diagnostic for a run that stopped because its time was used up."""
    budget = str(getattr(program.settings, "budget", ""))
    place = program.place(program.settings, "budget")
    return Diagnostic("L0852", Text("L0852", {"budget": budget}), place, helps=(Text("L0852.help"),))


def of_trials(node: Node, artifact: Artifact, graph: Graph) -> Diagnostic:
    """Give the warning of a sweep that was made without the trials that failed."""
    facts = artifact.facts
    values = {"label": node.label, "failed": facts.get("failed", 1), "count": facts.get("trials", len(node.needs))}
    return Diagnostic("L0591", Text("L0591", values), graph.place(node), Severity.WARNING, helps=(Text("L0591.help"),))


def of_listener(listener: object, error: Exception) -> Diagnostic:
    """Give the warning for one that listened to a run and failed; the run went on without it."""
    name = listener if isinstance(listener, str) else type(listener).__name__
    return Diagnostic(
        "L0827",
        Text("L0827", {"name": name, "error": last_line(error)}),
        None,
        Severity.WARNING,
        helps=(Text("L0827.help"),),
    )


def text_of(error: BaseException) -> str:
    """Give the traceback, for those who develop."""
    return "".join(traceback.format_exception(error))


def last_line(error: BaseException) -> str:
    """Give what an exception says, in one line."""
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {message}"[:500] if message else type(error).__name__


def _of_task(error: TaskFailed, program: Program, task: Task, label: str, otherwise: Span | None) -> Diagnostic:
    place = program.place(error.component or task, error.field) or otherwise
    helps = (Text(error.help, error.values),) if error.help else ()
    notes = (Text("run.in_task", {"label": label}),)
    return Diagnostic(error.code.split(".")[0], Text(error.code, error.values), place, helps=helps, notes=notes)


def _say(code: str, place: Span | None, **values: object) -> Diagnostic:
    return Diagnostic(code, Text(code, values), place, helps=(Text(f"{code}.help", values),))


def _in_plugin(error: OSError) -> bool:
    # A missing shared library or configuration of some package is a fault of its own and not of the user's data.
    return Path(_text(error.filename)).suffix in (".so", ".py", ".pyc", ".dylib")


def _text(name: object) -> str:
    return os.fsdecode(name) if isinstance(name, bytes) else str(name)
