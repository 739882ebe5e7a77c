"""`llx show [RUN]`: a run's tasks and results."""

from __future__ import annotations

from pathlib import Path

import click

from . import options, output


@click.command(epilog="RUN is the id of a run or the beginning of it; the latest one if it is left out.")
@click.argument("run", required=False)
@options.store
@options.as_json
def command(run: str | None, store: Path | None, as_json: bool) -> None:
    from ..listeners import closing, comparison
    from ..listeners.figures import duration
    from ..literals import shown as written
    from ..words import say
    from .places import open_store, read_run, run_folder, shown

    opened = open_store(store)
    folder = run_folder(opened.folder, run)
    record = read_run(opened, folder)
    if as_json:
        import json
        from dataclasses import asdict

        from ..listeners.json_lines import plain

        click.echo(json.dumps({"version": 1, "run": plain(asdict(record))}, ensure_ascii=False, indent=2))
        return
    took = "" if record.seconds is None else f" {duration(record.seconds)}"
    click.echo(f"{output.style(record.experiment, bold=True)}  {record.run}  {say(f'report.run.{record.state}')}{took}")
    details = [record.file, *(f"{name} {version}" for name, version in record.versions.items())]
    click.echo("  " + "  ".join(details))
    if record.params:
        click.echo("  " + "  ".join(f"{name} = {written(value)}" for name, value in record.params.items()))
    rows = []
    for task in record.tasks.values():
        seconds = "" if task.seconds is None else duration(task.seconds)
        state = say(f"report.state.{task.state}")
        rows.append(
            [state, task.kind, "  " * task.depth + task.label, seconds, "; ".join(task.reasons) if seconds else ""]
        )
    click.echo("\n" + output.table(rows, right=[3]))
    for task in record.tasks.values():
        if task.failure:
            click.echo("\n" + output.style(f"{task.label}: {task.failure}", fg="red"))
    facts = [(task.label, task.facts) for task in record.tasks.values()]
    judged = closing.expectations(record.expects)
    for lines in (closing.results(facts), comparison.tables(facts), judged, closing.samples(facts)):
        if lines:
            click.echo("\n" + "\n".join(lines))
    report = folder / "report.html"
    where = shown(report) if report.exists() else f"llx report {record.run}"
    click.echo("\n" + "\n".join(closing.places([(say("cli.report"), where)])))
