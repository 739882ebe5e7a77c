"""`llx plugins`: the distributions that offer components, listed without importing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from . import options, output

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@click.command(epilog="A file sees the components of a plugin after `use DISTRIBUTION`.")
@options.as_json
def command(as_json: bool) -> None:
    from ..words import say

    found = [
        {
            "distribution": point.dist.name if point.dist else "",
            "version": point.dist.version if point.dist else "",
            "prefix": point.name,
            "summary": (point.dist.metadata["Summary"] or "") if point.dist else "",
        }
        for point in installed()
    ]
    if as_json:
        import json

        click.echo(json.dumps({"version": 1, "plugins": found}, ensure_ascii=False, indent=2))
    elif not found:
        click.echo(say("cli.plugins.none"))
    else:
        rows = [(f"use {one['distribution']}", one["version"], f"{one['prefix']}.…", one["summary"]) for one in found]
        click.echo(output.table(rows, indent=0))


def installed() -> list[EntryPoint]:
    """Give the entry points of the group `llx`, sorted by distribution."""
    from importlib.metadata import entry_points

    from ...plugins.hooks import GROUP

    return sorted(entry_points(group=GROUP), key=lambda point: (point.dist.name if point.dist else "", point.name))


def add_commands(group: click.Group) -> None:
    """Let the installed plugins add their commands; one that fails is told of, and the rest works."""
    from ...plugins.hooks import call, new_manager
    from ..words import say

    for point in installed():
        manager = new_manager()
        try:
            manager.register(point.load())
            for implementation in manager.hook.llx_commands.get_hookimpls():
                call(implementation, group=group)
        except (Exception, SystemExit) as error:
            click.echo(say("cli.plugins.failed", plugin=point.name, error=error), err=True)
