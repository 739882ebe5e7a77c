"""`llx check FILE`: every mistake that can be known before work, in one pass."""

from __future__ import annotations

from pathlib import Path

import click

from . import options, output


@click.command(epilog="Params are given as in the file: llx check f.llx lr=1e-4 width=512")
@options.experiment
@click.option("--format", "format_", type=click.Choice(output.FORMATS), default="rich", help="How mistakes are shown.")
def command(file: Path, params: tuple[str, ...], format_: str) -> int:
    from ..face import check

    checked = check(file, params=params)
    if output.report(checked.diagnostics, format_):
        return 1
    if format_ == "rich" and not checked.diagnostics:
        click.echo(f"{file}: {output.style(_fine(), fg='green')}")
    return 0


def _fine() -> str:
    """Say that nothing is wrong; English is said without its catalogue, which a clean check needs for nothing else."""
    from ...dsl.diagnostics.words import language

    if language() == "en":
        return "no mistakes"
    from ..words import say

    return say("cli.check.fine")
