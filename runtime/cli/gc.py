"""`llx gc`: free what no last run of an existing experiment needs; it shows what that is, and asks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options, output

if TYPE_CHECKING:
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
    from .places import open_store

    opened = open_store(store)
    damaged = _verify(opened, dry_run) if verify else 0
    found = gc.survey(opened, runs)
    click.echo(f"Needed by the last runs of existing files: {found.kept} artifacts, {size(found.kept_size)}.")
    if not found.pieces:
        click.echo("There is nothing to free.")
        return 1 if damaged else 0
    rows = sorted(found.pieces, key=lambda piece: -piece.size)
    lines = [(size(piece.size), piece.label or piece.fingerprint[:12], piece.reason) for piece in rows[:SHOWN]]
    click.echo(output.table(lines, right=[0]))
    if len(rows) > SHOWN:
        click.echo(f"  and {len(rows) - SHOWN} more")
    click.echo(f"{size(found.size)} can go.")
    if dry_run or not (yes or click.confirm("Free them?")):
        return 1 if damaged else 0
    try:
        freed = gc.collect(opened, found)
    except gc.Busy:
        raise click.ClickException("A run is using the store. Try again when it has ended.") from None
    click.echo(f"Freed {size(freed)}.")
    return 0


def _verify(store: Store, dry_run: bool) -> int:
    """Tell of what is damaged, and discard it: the next run makes it anew."""
    from .. import gc

    found = list(gc.verify(store))
    for damage in found:
        click.echo(f"damaged: {damage.fingerprint[:12]}: {damage.what}", err=True)
        if not dry_run:
            store.discard(damage.fingerprint)
    if not found:
        click.echo("Every artifact is what its record says.")
    elif not dry_run:
        click.echo(f"Damaged and removed: {len(found)}. The next run makes it anew.")
    return len(found)
