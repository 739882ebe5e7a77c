"""Where a project's store and its runs are, for commands that are not given a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..report.record import RunRecord
    from ..store import Store


def store_folder(given: Path | None) -> Path:
    """Give the folder of the store: as given, else LLX_STORE, else `.llx` of the project around the working directory."""
    import os

    from ...dsl.check import find_root

    named = given or os.environ.get("LLX_STORE")
    return Path(named).absolute() if named else find_root(Path.cwd() / "x.llx") / ".llx"


def open_store(given: Path | None) -> Store:
    """Give the store; it must be there."""
    from ..store import Store
    from ..words import say

    folder = store_folder(given)
    if not folder.is_dir():
        raise click.ClickException(say("cli.store.none", folder=folder))
    return Store(folder)


def run_folder(store: Path, run: str | None) -> Path:
    """Give the folder of a run by its id or the beginning of it, the latest one if none is given."""
    from ..run_folder import EVENTS
    from ..words import say

    runs = store / "runs"
    names = sorted(path.parent.name for path in runs.glob(f"*/{EVENTS}")) if runs.is_dir() else []
    if not names:
        raise click.ClickException(say("cli.runs.none_in", store=store))
    if run is None:
        return runs / max(names, key=lambda name: (runs / name / EVENTS).stat().st_mtime_ns)
    found = [name for name in names if name == run] or [name for name in names if name.startswith(run)]
    if len(found) != 1:
        key = "cli.runs.many" if found else "cli.runs.unknown"
        raise click.ClickException(say(key, run=run, count=len(found)))
    return runs / found[0]


def read_run(store: Store, folder: Path) -> RunRecord:
    """Read a run with the facts of what was stored before it."""
    from ..report.record import read_record
    from ..store import Damaged

    def facts(fingerprint: str) -> dict[str, object]:
        try:
            artifact = store.find(fingerprint)
        except Damaged:
            return {}
        return artifact.facts if artifact else {}

    return read_record(folder, facts)


def shown(path: Path) -> str:
    """Write a path relative to the working directory if it lies within it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def board_command(store: Path) -> str:
    """Give the command that shows a store's curves from the working directory."""
    return "llx board" if store.absolute() == store_folder(None) else f"llx board --store {shown(store)}"
