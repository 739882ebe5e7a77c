"""`llx gc`: free what no last run of an existing experiment needs; it shows what that is, and asks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options, output

if TYPE_CHECKING:
    from ..gc import Survey
    from ..store import Store

SHOWN = 20


@click.command()
@click.option("--yes", is_flag=True, help="Free it without asking.")
@click.option("--dry-run", is_flag=True, help="Only show what would be freed.")
@click.option(
    "--runs", "runs", default=1, show_default=True, help="How many of the last runs of each file keep theirs."
)
@click.option(
    "--verify", is_flag=True, help="Compare every byte of the store with its record, and free what is damaged."
)
@options.store
def command(yes: bool, dry_run: bool, runs: int, verify: bool, store: Path | None) -> int:
    from .. import gc
    from ..listeners.figures import size
    from ..words import say
    from .places import open_store

    opened = open_store(store)
    try:
        damaged = _verify(opened, dry_run) if verify else 0
        found = gc.survey(opened, runs)
        click.echo(say("cli.gc.kept", count=found.kept, size=size(found.kept_size)))
        if not found.pieces:
            click.echo(say("cli.gc.nothing"))
            return 1 if damaged else 0
        _show(found)
        if dry_run or not (yes or click.confirm(say("cli.gc.ask"))):
            return 1 if damaged else 0
        freed = gc.collect(opened, found)
    except gc.Busy:
        raise click.ClickException(say("cli.gc.busy")) from None
    click.echo(say("cli.gc.freed", size=size(freed)))
    return 0


def _show(found: Survey) -> None:
    """List what can go, the largest first."""
    from ..listeners.figures import size
    from ..words import say

    rows = sorted(found.pieces, key=lambda piece: -piece.size)
    lines = [
        (size(piece.size), piece.label or piece.fingerprint[:12], say(f"cli.gc.{piece.reason}"))
        for piece in rows[:SHOWN]
    ]
    click.echo(output.table(lines, right=[0]))
    if len(rows) > SHOWN:
        click.echo("  " + say("cli.folded", count=len(rows) - SHOWN))
    click.echo(say("cli.gc.size", size=size(found.size)))


def _verify(store: Store, dry_run: bool) -> int:
    """Tell of what is damaged, and discard it: the next run makes it anew."""
    from .. import gc
    from ..words import say

    found = list(gc.verify(store))
    for damage in found:
        click.echo(say("cli.gc.found", fingerprint=damage.fingerprint[:12], file=damage.what), err=True)
    if not found:
        click.echo(say("cli.gc.whole"))
    elif not dry_run:
        gc.discard(store, found)
        click.echo(say("cli.gc.removed", count=len(found)))
    return len(found)
