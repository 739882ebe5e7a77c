"""`llx check FILE…`: every mistake that can be known before work, in one pass; and its repair."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options, output

if TYPE_CHECKING:
    from ...dsl.diagnostics.model import Diagnostic
    from ..fixing import Fixed


@click.command(
    epilog="Params are given as in the file: llx check f.llx lr=1e-4 width=512. "
    "Of a folder every .llx file below it is checked."
)
@options.traceback
@options.files
@click.option("--format", "format_", type=click.Choice(output.FORMATS), default="rich", help="How mistakes are shown.")
@click.option("--fix", is_flag=True, help="Apply the fixes that are certain.")
@click.option("--unsafe-fixes", "unsafe", is_flag=True, help="Apply the fixes that are only likely, too.")
@click.option("--diff", is_flag=True, help="Show what the fixes would change, and write nothing.")
@click.option("--watch", is_flag=True, help="Check again whenever a file changes, until Ctrl-C.")
def command(given: options.Given, format_: str, fix: bool, unsafe: bool, diff: bool, watch: bool) -> int:
    fix = fix or unsafe or diff
    if watch and (fix or format_ not in ("rich", "concise")):
        from ..words import say

        raise click.UsageError(say("cli.check.watch_alone"))
    if watch:
        from .watch import repeat

        repeat(given.files, lambda: _check(given, format_))
    return _fix(given, format_, unsafe, diff) if fix else _check(given, format_)


def _check(given: options.Given, format_: str) -> int:
    from ..face import check

    found: list[Diagnostic] = []
    fine = []
    for file in given.files:
        checked = check(file, params=given.params)
        found += checked.diagnostics
        if not checked.diagnostics:
            fine.append(file)
    return _told(found, fine, format_)


def _told(found: Sequence[Diagnostic], fine: Sequence[Path], format_: str) -> int:
    """Show what was found, and which files have no mistakes; give the exit code."""
    failed = output.report(found, format_)
    if format_ == "rich":
        for file in fine:
            click.echo(f"{file}: {output.style(_fine(), fg='green')}")
    return 1 if failed else 0


def _fix(given: options.Given, format_: str, unsafe: bool, diff: bool) -> int:
    """Fix the files, or show what that would change; then tell what is left."""
    from ..fixing import fix
    from ..rewriting import rewrite

    fixed: list[Fixed] = []
    for file in given.files:
        one = fix(file, params=given.params, likely=unsafe)
        fixed.append(one)
        if one.before is not None and one.changed:
            if diff:
                click.echo(_diff(one), nl=False)
            else:
                rewrite(file, one.text)
    left = [diagnostic for one in fixed for diagnostic in one.checked.diagnostics]
    if not diff:
        _told(left, [one.checked.path for one in fixed if not one.checked.diagnostics], format_)
    _summary(fixed, left, unsafe, diff)
    failed = any(diagnostic.is_error for diagnostic in left)
    return 1 if failed or (diff and any(one.changed for one in fixed)) else 0


def _summary(fixed: Sequence[Fixed], left: Sequence[Diagnostic], unsafe: bool, diff: bool) -> None:
    from ..words import say

    key = "cli.check.would_fix" if diff else "cli.check.fixed"
    line = say(key, count=sum(one.count for one in fixed), left=len(left))
    likely = 0 if unsafe else sum(bool(diagnostic.fixes) for diagnostic in left)
    if likely:
        line += say("cli.check.likely", count=likely)
    click.echo(line, err=True)


def _diff(fixed: Fixed) -> str:
    """Show the changes of a file as `patch` reads them."""
    import difflib
    import io

    assert fixed.before is not None, "the caller looked"
    old, new = (io.StringIO(text, newline="").readlines() for text in (fixed.before.text, fixed.text))
    lines = difflib.unified_diff(old, new, fixed.before.name, fixed.before.name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _fine() -> str:
    """Say that nothing is wrong; English is said without its catalogue, which a clean check needs for nothing else."""
    from ...dsl.diagnostics.words import language

    if language() == "en":
        return "no mistakes"
    from ..words import say

    return say("cli.check.fine")
