"""`llx prove FILE`: what training relies on, proved of each stage of an experiment."""

from __future__ import annotations

from pathlib import Path

import click

from . import options, output
from .run import execute_checked


@click.command(epilog="Proofs run on a handful of rows, in a corner of the store; what is proved is not proved again.")
@options.experiment
@options.only
@click.option(
    "--resume", is_flag=True, help="Also kill each stage and let it go on: the weights must be the same bits."
)
@options.store
@click.option("--json", "as_json", is_flag=True, help="Write the events as JSON lines.")
def command(
    file: Path, params: tuple[str, ...], only: tuple[str, ...], resume: bool, store: Path | None, as_json: bool
) -> int:
    from ...plugins.tasks import Stage
    from ..face import check
    from ..mode import Mode
    from ..words import say

    checked = check(file, params=params)
    program = checked.program
    declared = program.declarations.values() if program else ()
    stages = [one.name for one in declared if isinstance(one.value, Stage) and (not only or one.name in only)]
    if program and not stages and not only:
        click.echo(say("cli.prove.nothing", experiment=program.name))
        return 0
    code = execute_checked(checked, tuple(stages) or only, store, as_json, Mode.SMOKE)
    if code == 0 and resume:
        return _resume(file, params, stages, as_json)
    return code


def _resume(file: Path, params: tuple[str, ...], stages: list[str], as_json: bool) -> int:
    """Kill the stages and let them go on, and tell what came of it."""
    import json

    from ..listeners.closing import MARKS
    from ..proving import prove_resume
    from ..words import say

    if not as_json:
        click.echo(f"\n{say('cli.prove.resume')}")
    try:
        found = prove_resume(file, params, stages)
    except RuntimeError as error:
        click.echo(str(error), err=True)
        return 1
    for one in found:
        proved = one.outcome == "proved"
        if as_json:
            line = {"event": "resumed", "label": one.label, "outcome": one.outcome, "step": one.step}
            click.echo(json.dumps(line, ensure_ascii=False))
        else:
            text = say(f"cli.prove.{one.outcome}", step=one.step)
            mark = output.style(MARKS["met" if proved else "failed"], fg="green" if proved else "red")
            click.echo(f"  {mark} {one.label}  {text}")
    return 0 if all(one.outcome == "proved" for one in found) else 1
