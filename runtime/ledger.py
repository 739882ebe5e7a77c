"""The ledger: which runs there were, what each made, and its numbers (SQLite, `ledger.db` in the store).

It listens to the events of a run. Nothing that a run needs is read from it, so that a ledger that is locked, damaged
or deleted costs nothing but the list of past runs.
"""

from __future__ import annotations

import contextlib
import json
import platform
import sqlite3
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import __version__
from .events import Event, Judged, RunFinished, RunStarted, TaskFailedEvent, TaskFinished, TaskStarted
from .run_folder import goes_on
from .versions import Package, Versions

NAME = "ledger.db"
FORMAT = 3

_SCHEMA = """
create table if not exists runs (
  id text primary key, file text not null, root text not null, experiment text not null, params text not null,
  started real not null, ended real, state text not null, llx text not null, python text not null
) without rowid;
create index if not exists runs_by_file on runs (file, started);
create table if not exists tasks (
  run text not null references runs, label text not null, kind text not null, component text not null,
  fingerprint text not null, state text not null, seconds real,
  primary key (run, label)
) without rowid;
create table if not exists versions (
  run text not null references runs, sort text not null, name text not null, version text, digest text,
  primary key (run, sort, name)
) without rowid;
create table if not exists metrics (
  run text not null references runs, label text not null, name text not null, value real not null,
  primary key (run, label, name)
) without rowid;
create table if not exists expects (
  run text not null references runs, name text not null, formula text not null, state text not null,
  shown text not null, primary key (run, name)
) without rowid;
"""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run; `state` is running, finished, failed, interrupted or killed."""

    id: str
    file: str
    root: str
    experiment: str
    params: Mapping[str, Any]
    started: float
    ended: float | None
    state: str
    llx: str
    python: str


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task of a run; `state` is stored, waiting, running, ran or failed."""

    label: str
    kind: str
    component: str
    fingerprint: str
    state: str
    seconds: float | None


class Ledger:
    """The ledger of a store."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._runs = folder / "runs"
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise  # locked, or no permission: not damaged
            self.path.rename(self.path.with_name(f"{NAME}.damaged-{int(time.time())}"))
            self._open()

    def _open(self) -> None:
        # Events come from several threads, one at a time.
        self._connection = sqlite3.connect(self.path, timeout=10, check_same_thread=False, isolation_level=None)
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = normal")
        if self._connection.execute("pragma user_version").fetchone()[0] != FORMAT:
            self._connection.executescript(f"begin; {_SCHEMA} pragma user_version = {FORMAT}; commit;")

    def close(self) -> None:
        self._connection.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("begin immediate")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    # Writing

    def listener(self) -> Writer:
        """Give the listener that writes one run down."""
        return Writer(self)

    # Reading

    def runs(self, limit: int | None = None, file: str | None = None) -> list[RunRow]:
        """Give the runs, the latest first; of one file if it is given."""
        where = "where file = ?" if file is not None else ""
        values: list[Any] = [file] if file is not None else []
        query = f"select * from runs {where} order by started desc, id desc limit ?"
        return [self._run(row) for row in self._connection.execute(query, [*values, -1 if limit is None else limit])]

    def run(self, name: str) -> RunRow | None:
        """Give a run by its id, or by the beginning of it if that is of one run alone."""
        exact = self._connection.execute("select * from runs where id = ?", [name]).fetchone()
        if exact is not None:
            return self._run(exact)
        pattern = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        rows = self._connection.execute("select * from runs where id like ? escape '\\' limit 2", [pattern]).fetchall()
        return self._run(rows[0]) if len(rows) == 1 else None

    def _run(self, row: tuple[Any, ...]) -> RunRow:
        id, file, root, experiment, params, *rest = row
        run = RunRow(id, file, root, experiment, json.loads(params), *rest)
        # Whoever is killed writes nothing down.
        killed = run.state == "running" and not goes_on(self._runs / run.id)
        return replace(run, state="killed") if killed else run

    def tasks(self, run: str) -> list[TaskRow]:
        query = "select label, kind, component, fingerprint, state, seconds from tasks where run = ? order by label"
        return [TaskRow(*row) for row in self._connection.execute(query, [run])]

    def versions(self, run: str) -> Versions:
        """Give what a run stood on."""
        query = "select sort, name, version, digest from versions where run = ? order by name"
        rows = self._connection.execute(query, [run]).fetchall()
        packages = {name: Package(version, digest) for sort, name, version, digest in rows if sort == "package"}
        return Versions(packages, {name: digest for sort, name, _, digest in rows if sort == "file"})

    def metrics(self, run: str) -> dict[str, dict[str, float]]:
        """Give the numbers of a run: {label: {name: value}}."""
        found: dict[str, dict[str, float]] = {}
        query = "select label, name, value from metrics where run = ? order by label, name"
        for label, name, value in self._connection.execute(query, [run]):
            found.setdefault(label, {})[name] = value
        return found

    def expects(self, run: str) -> dict[str, dict[str, str]]:
        """Give what became of the expectations of a run: {name: {formula, state, shown}}."""
        query = "select name, formula, state, shown from expects where run = ? order by name"
        rows = self._connection.execute(query, [run])
        return {name: {"formula": formula, "state": state, "shown": shown} for name, formula, state, shown in rows}


class Writer:
    """Writes the events of one run into the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._run = ""

    def __call__(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._start(event)
            case TaskStarted():
                self._task(event.task.label, "running", None)
            case TaskFailedEvent():
                self._task(event.task.label, "failed", None)
            case TaskFinished():
                self._task(event.task.label, "ran", event.seconds)
                self._metrics(event.task.label, numbers(event.facts))
            case Judged():
                with self._ledger._transaction() as connection:
                    connection.execute(
                        "insert or replace into expects values (?, ?, ?, ?, ?)",
                        [self._run, event.name, event.formula, event.state, event.shown],
                    )
            case RunFinished():
                with self._ledger._transaction() as connection:
                    connection.execute(
                        "update runs set ended = ?, state = ? where id = ?", [event.time, event.state, self._run]
                    )

    def _start(self, event: RunStarted) -> None:
        self._run = event.run
        params = json.dumps(dict(event.params), ensure_ascii=False, default=str)
        with self._ledger._transaction() as connection:
            connection.execute(
                "insert into runs values (?, ?, ?, ?, ?, ?, null, 'running', ?, ?)",
                [
                    event.run,
                    event.file,
                    event.root,
                    event.experiment,
                    params,
                    event.time,
                    __version__,
                    platform.python_version(),
                ],
            )
            connection.executemany(
                "insert into tasks values (?, ?, ?, ?, ?, ?, null)",
                [
                    (self._run, t.label, t.kind, t.component, t.fingerprint, "stored" if t.stored else "waiting")
                    for t in event.tasks
                ],
            )

            if event.versions:
                versions = Versions.from_json(event.versions)
                rows = [("package", name, one.version, one.digest) for name, one in versions.packages.items()]
                rows += [("file", name, "", digest) for name, digest in versions.files.items()]
                connection.executemany(
                    "insert into versions values (?, ?, ?, ?, ?)", [(self._run, *row) for row in rows]
                )

    def _task(self, label: str, state: str, seconds: float | None) -> None:
        with self._ledger._transaction() as connection:
            connection.execute(
                "update tasks set state = ?, seconds = ? where run = ? and label = ?",
                [state, seconds, self._run, label],
            )

    def _metrics(self, label: str, found: Mapping[str, float]) -> None:
        if found:
            with self._ledger._transaction() as connection:
                connection.executemany(
                    "insert or replace into metrics values (?, ?, ?, ?)",
                    [(self._run, label, name, value) for name, value in found.items()],
                )


def numbers(facts: Mapping[str, Any]) -> dict[str, float]:
    """Give the numbers among facts: those at the top, and the metrics."""
    found = {name: float(value) for name, value in facts.items() if _is_number(value)}
    metrics = facts.get("metrics")
    if isinstance(metrics, Mapping):
        found |= {str(name): float(value) for name, value in metrics.items() if _is_number(value)}
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
