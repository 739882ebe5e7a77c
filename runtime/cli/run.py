"""`llx run FILE`: run what an experiment describes and isn't stored yet."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options, output
from .guard import TRACEBACK

PROFILE = "LLX_PROFILE"
"""How the steps to be traced are told to all processes of a run (runtime/training/profile.py)."""

if TYPE_CHECKING:
    from ..events import Listener
    from ..face import CheckResult, RunResult
    from ..mode import Mode
    from ..run_folder import RunFolder


@click.command(epilog="Params are given as in the file: llx run f.llx lr=1e-4 width=512")
@options.experiment
@options.only
@click.option(
    "--smoke",
    is_flag=True,
    help="Run all of it with a handful of rows and steps, in a corner of the store, to see that the parts fit.",
)
@options.store
@click.option("--locked", is_flag=True, help="Run only with the versions in llx.lock.")
@click.option("--json", "as_json", is_flag=True, help="Write the events as JSON lines.")
@click.option(
    "--profile", type=click.IntRange(min=1), metavar="STEPS", help="Trace so many steps of each stage, for Chrome."
)
def command(
    file: Path,
    params: tuple[str, ...],
    only: tuple[str, ...],
    smoke: bool,
    store: Path | None,
    locked: bool,
    as_json: bool,
    profile: int | None,
) -> int:
    from ..mode import Mode

    if profile is not None:
        os.environ[PROFILE] = str(profile)
    return execute(file, params, only, store, as_json, Mode.SMOKE if smoke else Mode.REAL, locked=locked)


def execute(
    file: Path,
    params: tuple[str, ...],
    only: tuple[str, ...],
    store: Path | None,
    as_json: bool,
    mode: Mode,
    *,
    locked: bool = False,
) -> int:
    """Run a file and show it; give the exit code."""
    from ..face import check

    return execute_checked(check(file, params=params), only, store, as_json, mode, locked=locked)


def execute_checked(
    checked: CheckResult,
    only: tuple[str, ...],
    store: Path | None,
    as_json: bool,
    mode: Mode,
    *,
    locked: bool = False,
) -> int:
    """Run what was checked already and show it; give the exit code."""
    from ..face import run_checked

    if not as_json:
        # A warning is of most use while the run can still be stopped.
        output.report(checked.diagnostics)
    display = Display(as_json)
    try:
        result = run_checked(checked, only=only, store=store, listeners=display.listeners, mode=mode, locked=locked)
    finally:
        display.close()
    report = _report(result)
    placed = _place(result, report)
    if as_json:
        display.end(result, report)
    else:
        with contextlib.suppress(BrokenPipeError):  # what went wrong is told where somebody may read it
            _close(result, placed or report)
        found = result.diagnostics[len(checked.diagnostics) :]
        if result.id and found:
            click.echo(err=True)
        output.report(found)
    if result.traceback is not None and os.environ.get(TRACEBACK):
        click.echo(result.traceback.read_text(encoding="utf-8", errors="replace"), err=True)
    return result.exit_code


class Display:
    """Chooses who shows a run: a moving table in a terminal, lines elsewhere, JSON when asked."""

    def __init__(self, as_json: bool) -> None:
        from ..listeners.state import RunState

        self.state = RunState()
        self._json: Listener | None = None
        self._terminal: object = None
        if as_json:
            from ..listeners.json_lines import JsonLines

            self._json = JsonLines(sys.stdout, progress_every=0.5)

    def listeners(self, folder: RunFolder | None) -> Iterable[Listener]:
        """Give the listeners of a run; there is no folder if nothing is to run, and then nothing moves."""
        if folder is not None:
            from ..listeners.tensorboard import TensorBoard

            yield TensorBoard(folder.path / "tensorboard")
        if self._json is not None:
            yield self._json
            return
        yield self.state
        if folder is not None and output.coloured(sys.stdout.isatty()):
            from ..listeners.terminal import Terminal

            self._terminal = terminal = Terminal(self.state)
            yield terminal
        else:
            from ..listeners.lines import Lines

            yield Lines(sys.stdout, self.state)

    def close(self) -> None:
        """Give the terminal back, whatever happened."""
        close = getattr(self._terminal, "close", None)
        if close is not None:
            close()

    def end(self, result: RunResult, report: Path | None) -> None:
        """Write the last JSON line: the diagnostics, and where things are."""
        import json

        from ...dsl.diagnostics.json import as_data

        line = {
            "event": "result",
            "state": result.state,
            "exit_code": result.exit_code,
            "folder": str(result.folder) if result.folder else None,
            "report": str(report) if report else None,
            "expects": {name: one.state for name, one in result.expects.items()},
            "artifacts": {label: str(task.path) for label, task in result.tasks.items()},
            **{name: value for name, value in as_data(result.diagnostics).items() if name != "version"},
        }
        click.echo(json.dumps(line, ensure_ascii=False))


def _report(result: RunResult) -> Path | None:
    """Write the report of a run that did something; one that can't be written costs a warning, and not the run."""
    if result.folder is None:
        return None
    if not result.id:
        path = result.folder / "report.html"
        return path if path.exists() else None
    from ..store import Store
    from .report import write_report

    try:
        return write_report(Store(result.folder.parent.parent), result.folder, manager=result.checked.registry.manager)
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        from ..words import say

        click.echo(say("cli.report.failed", error=f"{type(error).__name__}: {error}"), err=True)
        return None


def _place(result: RunResult, report: Path | None) -> Path | None:
    """Put what people read into the experiment's `output`, and give the report there; a failure costs a warning."""
    from ..words import say
    from .outputs import REPORT, write_outputs

    try:
        written = write_outputs(result, report)
    except OSError as error:
        click.echo(say("cli.output.failed", error=error.strerror or str(error)), err=True)
        return None
    return next((path for path in written if path.name == REPORT), None)


def _close(result: RunResult, report: Path | None) -> None:
    """Say what came out, and where it is."""
    import shutil

    from ..listeners import closing, comparison
    from ..mode import Mode
    from ..words import say
    from .places import board_command, shown

    facts = [(label, task.facts) for label, task in result.tasks.items()]
    columns = shutil.get_terminal_size().columns
    blocks = [closing.expectations(result.expects.values())]
    if result.mode is Mode.REAL:  # what a smoke run measures says nothing
        blocks = [closing.results(facts), comparison.tables(facts), *blocks, closing.samples(facts, columns)]
    else:
        blocks.insert(0, closing.proofs(facts))
    for lines in blocks:
        if lines:
            click.echo("\n" + "\n".join(lines))
    if result.folder is None:
        return
    store = result.folder.parent.parent
    rows = [(say("cli.report"), shown(report))] if report else []
    rows.append((say("cli.events"), shown(result.folder / "events.jsonl")))
    if (result.folder / "tensorboard").is_dir():
        rows.append((say("cli.curves"), board_command(store)))
    rows.append((say("cli.artifacts"), shown(store)))
    rows += _exports(result)
    click.echo("\n" + "\n".join(closing.places(rows)))


def _exports(result: RunResult) -> list[tuple[str, str]]:
    """Give the copies that exports made, by name."""
    from ...plugins.tasks import Export
    from .places import shown

    program = result.checked.program
    declared = program.declarations.values() if program else ()
    return [
        (one.name, shown((result.exports or result.checked.root) / one.value.to))
        for one in declared
        if isinstance(one.value, Export) and one.name in result.tasks
    ]
