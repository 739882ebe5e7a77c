"""`llx report [RUN]`: one HTML file with the curves and results of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import options

if TYPE_CHECKING:
    from ...plugins.registry import Registry
    from ..report.record import RunRecord
    from ..store import Store


@click.command(epilog="RUN is the id of a run or the beginning of it; the latest one if it is left out.")
@click.argument("run", required=False)
@options.store
@click.option(
    "--to", type=click.Path(path_type=Path), metavar="FILE", help="Where to write it (default: in the run's folder)."
)
def command(run: str | None, store: Path | None, to: Path | None) -> None:
    from .places import open_store, run_folder, shown

    opened = open_store(store)
    click.echo(shown(write_report(opened, run_folder(opened.folder, run), to)))


def write_report(store: Store, folder: Path, to: Path | None = None, manager: Any = None) -> Path:
    """Write the report of a run, with the sections that plugins add; give its path."""
    from ..files import write_text
    from ..report.page import page
    from .places import read_run

    record = read_run(store, folder)
    if manager is None and record.text:
        manager = used_by(record.text).manager
    path = (to or folder / "report.html").absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, page(record, sections(manager, as_mapping(record))))
    return path


def used_by(text: str) -> Registry:
    """Give the registry with the plugins that an experiment's text uses and that are installed here."""
    from ...dsl import syntax
    from ...dsl.parser import parse
    from ...dsl.source import Source
    from ...plugins.registry import Registry

    registry = Registry()
    for statement in parse(Source("experiment.llx", text))[0].statements:
        if isinstance(statement, syntax.Use):
            registry.use(statement.distribution.name, (), None)
    return registry


def as_mapping(record: RunRecord) -> Mapping[str, Any]:
    """Give a run as plugins get it: plain values."""
    from dataclasses import asdict

    return asdict(record)


def sections(manager: Any, run: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Ask each plugin for its sections; one that fails is told of, and the rest is kept."""
    from ...plugins.hooks import call
    from ..words import say

    found: list[tuple[str, str]] = []
    hooks = manager.hook.llx_report_sections.get_hookimpls() if manager is not None else ()
    for implementation in hooks:
        try:
            answer = call(implementation, run=run)
            found += [(str(heading), str(html)) for heading, html in answer or ()]
        except Exception as error:
            click.echo(say("cli.report.section", plugin=implementation.plugin_name, error=error), err=True)
    return found
