"""`llx doctor`: what this machine can do, and what stands in the way of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options, output

if TYPE_CHECKING:
    from ..doctor import Finding

MARKS = {"fine": ("✓", "green"), "note": ("!", "yellow"), "wrong": ("✗", "red")}


@click.command(epilog="Exit code 1 if something would keep a run from working.")
@options.traceback
@options.store
@options.as_json
def command(store: Path | None, as_json: bool) -> int:
    from ..doctor import examine
    from .places import store_folder

    findings = []
    for finding in examine(store_folder(store)):
        findings.append(finding)
        if not as_json:
            click.echo(_line(finding))
    if as_json:
        import json

        listed = [
            {
                "name": one.name,
                "value": _said(one.value),
                "state": str(one.state),
                "help": _said(one.help) if one.help else None,
            }
            for one in findings
        ]
        click.echo(json.dumps({"version": 1, "findings": listed}, ensure_ascii=False, indent=2))
    elif not any(one.is_wrong for one in findings):
        from ..words import say

        click.echo("\n" + say("doctor.fine"))
    return 1 if any(one.is_wrong for one in findings) else 0


def _line(finding: Finding) -> str:
    """Write what was found, and under it what to do."""
    from ..words import say

    mark, colour = MARKS[finding.state]
    row = [output.style(mark, fg=colour), output.style(finding.name.ljust(12), bold=True), _said(finding.value)]
    lines = [" ".join(row)]
    if finding.help is not None:
        lines.append(f"  {say('doctor.help')}: {_said(finding.help)}")
    return "\n".join(lines)


def _said(text: object) -> str:
    from ...dsl.diagnostics.model import Text
    from ..words import say_text

    return say_text(text) if isinstance(text, Text) else str(text)
