"""`llx runs`: the runs of a project, the latest first."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import options, output

if TYPE_CHECKING:
    from ..ledger import RunRow


@click.command()
@click.option("-n", "limit", default=20, show_default=True, help="How many.")
@click.option("--file", "file", metavar="FILE", help="Only the runs of this experiment file.")
@options.store
@options.as_json
def command(limit: int, file: str | None, store: Path | None, as_json: bool) -> None:
    from contextlib import closing

    from ..ledger import Ledger
    from .places import open_store

    with closing(Ledger(open_store(store).folder)) as ledger:
        rows = ledger.runs(limit, file)
        metrics = {row.id: ledger.metrics(row.id) for row in rows}
        expects = {row.id: ledger.expects(row.id) for row in rows} if as_json else {}
    if as_json:
        import json

        click.echo(
            json.dumps(
                {"version": 1, "runs": [_plain(row, metrics[row.id], expects[row.id]) for row in rows]},
                ensure_ascii=False,
                indent=2,
            )
        )
        return
    from ..words import say

    if not rows:
        click.echo(say("cli.runs.none"))
        return
    heads = ("run", "started", "time", "state", "experiment", "params")
    lines = [[output.style(say(f"cli.runs.{head}"), dim=True) for head in heads]]
    lines += [_line(row) for row in rows]
    click.echo(output.table(lines, indent=0))


def _line(row: RunRow) -> list[str]:
    from ..listeners.figures import duration
    from ..literals import shown
    from ..words import say

    colours = {"finished": "green", "failed": "red", "interrupted": "yellow", "killed": "yellow"}
    params = " ".join(f"{name}={shown(value)}" for name, value in row.params.items())
    started = time.strftime("%Y-%m-%d %H:%M", time.localtime(row.started))
    took = duration(row.ended - row.started) if row.ended else ""
    # The ledger looked whether it still goes on, which a report can't.
    key = "cli.line.running" if row.state == "running" else f"report.run.{row.state}"
    state = output.style(say(key), fg=colours.get(row.state))
    return [row.id, started, took, state, f"{row.experiment} ({row.file})", params]


def _plain(row: RunRow, metrics: dict[str, dict[str, float]], expects: dict[str, dict[str, str]]) -> dict[str, Any]:
    fields = {name: getattr(row, name) for name in type(row).__dataclass_fields__}
    return fields | {"metrics": metrics, "expects": expects}
