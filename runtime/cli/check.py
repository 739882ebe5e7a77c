"""`llx check FILE…`: every mistake that can be known before work, in one pass; and its repair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from . import difference, options, output

if TYPE_CHECKING:
    from ...dsl.diagnostics.model import Diagnostic
    from ..fixing import Fixed
    from ..results import CheckResult


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

    return _told([check(file, params=given.params) for file in given.files], format_)


def _told(checks: Sequence[CheckResult], format_: str) -> int:
    """Show what was found, and which files have no mistakes; give the exit code."""
    failed = output.report(_once(checks), format_)
    if format_ == "rich":
        for checked in checks:
            if not checked.diagnostics:
                click.echo(f"{checked.path}: {output.style(_fine(), fg='green')}")
    return 1 if failed else 0


def _once(checks: Sequence[CheckResult]) -> list[Diagnostic]:
    """Give what was found, that in a file which several of them import once."""
    found: dict[object, Diagnostic] = {}
    for checked in checks:
        for number, diagnostic in enumerate(checked.diagnostics):
            span = diagnostic.span
            path = span.source.path if span is not None else None
            key = (diagnostic.code, path.resolve(), span.start, span.end) if span and path else (checked.path, number)
            found.setdefault(key, diagnostic)
    return list(found.values())


def _fix(given: options.Given, format_: str, unsafe: bool, diff: bool) -> int:
    """Fix the files, or show what that would change; then tell what is left."""
    from ..face import check
    from ..fixing import fix

    fixed: list[Fixed] = []
    for file in given.files:
        one = fix(file, params=given.params, likely=unsafe)
        fixed.append(one)
        if one.before is not None and one.changed:
            if diff:
                difference.show(one.before.text, one.text, one.before.name, one.before.name)
            elif problem := _written(one):
                output.report([problem])
                return 1
    checks = [one.checked for one in fixed]
    if not diff and len(fixed) > 1:
        # What a file imports may have been mended after it was checked.
        checks = [check(one.path, params=given.params) for one in checks]
    if not diff:
        _told(checks, format_)
    left = _once(checks)
    _summary(sum(one.count for one in fixed), checks, left, unsafe, diff)
    failed = any(diagnostic.is_error for diagnostic in left)
    return 1 if failed or (diff and any(one.changed for one in fixed)) else 0


def _written(fixed: Fixed) -> Diagnostic | None:
    """Put a file's new text into it, or give what stands in the way."""
    from ...dsl.diagnostics.model import Diagnostic, Text
    from ..fixing import write

    path = str(fixed.checked.path)
    try:
        if write(fixed):
            return None
    except OSError as error:
        values = {"path": path, "reason": error.strerror or type(error).__name__}
        return Diagnostic("L0872", Text("L0872", values), None, helps=(Text("L0872.file"),))
    return Diagnostic("L0873", Text("L0873", {"path": path}), None, helps=(Text("L0873.help"),))


def _summary(count: int, checks: Sequence[CheckResult], left: Sequence[Diagnostic], unsafe: bool, diff: bool) -> None:
    from ..words import say

    key = "cli.check.would_fix" if diff else "cli.check.fixed"
    line = say(key, count=count, left=len(left))
    own = {checked.source for checked in checks}
    likely = 0 if unsafe else sum(any(fix.span.source in own for fix in one.fixes) for one in left)
    if likely:
        line += say("cli.check.likely", count=likely)
    click.echo(line, err=True)
    fixes = [fix for one in left for fix in one.fixes if fix.certain or unsafe]
    if elsewhere := sorted({fix.span.source.name for fix in fixes} - {source.name for source in own if source}):
        click.echo(say("cli.check.elsewhere", files=" ".join(elsewhere)), err=True)


def _fine() -> str:
    """Say that nothing is wrong; English is said without its catalogue, which a clean check needs for nothing else."""
    from ...dsl.diagnostics.words import language

    if language() == "en":
        return "no mistakes"
    from ..words import say

    return say("cli.check.fine")
