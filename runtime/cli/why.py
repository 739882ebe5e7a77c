"""`llx why FILE NAME`: why a task is stored or runs, and what it is made of."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options, output

if TYPE_CHECKING:
    from ..why import Why


@click.command(epilog="Example: llx why reviews.llx pretrain")
@options.traceback
@options.file
@click.argument("name", shell_complete=options.complete_names)
@options.params
@click.option("--values", is_flag=True, help="Show every value that the task's identity is made of.")
@options.store
def command(file: Path, name: str, params: tuple[str, ...], values: bool, store: Path | None) -> int:
    from ..face import plan
    from ..why import why

    result = plan(file, store=store, params=params)
    if result.plan is None:
        output.report(result.diagnostics)
        return result.exit_code
    found = why(result.plan, name)
    if found is None:
        raise click.UsageError(_unknown(name, [task.node.label for task in result.plan.tasks]))
    click.echo(page(found, values))
    return 0


def page(found: Why, values: bool) -> str:
    """Write why a task runs or doesn't."""
    from ...plugins.show import show
    from ..words import say, say_reasons

    place = f"  {output.style(str(found.place), dim=True)}" if found.place else ""
    lines = [f"{output.style(found.label, bold=True)}  {say(f'cli.plan.{found.state}')}{place}"]
    if found.created is not None:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(found.created))
        lines.append("  " + say("cli.why.made", when=when, fingerprint=found.fingerprint[:12]))
    lines += [f"  {reason}" for reason in say_reasons(found.reasons)]
    if found.root_cause:
        lines.append("  " + say("cli.why.because", chain=" ← ".join(found.root_cause)))
    if found.needs:
        needs = ", ".join(f"{label} ({say(f'cli.plan.{state}')})" for label, state in found.needs)
        lines.append("  " + say("cli.why.needs", needs=needs))
    if values:
        rows = [(path, show(value)) for path, value in found.values.items()]
        rows += [(path, digest[:12]) for path, digest in found.files.items()]
        lines += ["", output.table(rows, indent=4)]
    return "\n".join(lines)


def _unknown(name: str, labels: list[str]) -> str:
    from ...dsl.diagnostics.similar import similar
    from ..words import say

    near = similar(name, labels, 1)
    return say("cli.why.similar", name=name, similar=near[0]) if near else say("cli.why.none", name=name, names=labels)
