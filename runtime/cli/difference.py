"""Two texts of a file as `diff -u` compares them."""

from __future__ import annotations

import io

import click

from . import output

_NO_NEWLINE = "\\ No newline at end of file"
"""What `patch` reads so, in every language."""
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def show(before: str, after: str, old_name: str, new_name: str) -> None:
    """Show what would change, on stdout; nothing if that is nothing."""
    from difflib import unified_diff

    # A line ends at a line feed alone, whatever else Unicode takes for one.
    old, new = (io.StringIO(text, newline="\n").readlines() for text in (before, after))
    for line in unified_diff(old, new, old_name, new_name):
        shown = line.rstrip("\r\n")
        colour = _COLOURS.get(line[:1])
        click.echo(output.style(shown, fg=colour) if colour else shown)
        if not line.endswith("\n"):
            click.echo(_NO_NEWLINE)
