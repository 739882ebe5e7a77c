"""`llx fmt [FILE or FOLDER]…`: one canonical layout, comments kept."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import difference, options, output

if TYPE_CHECKING:
    from ...dsl.diagnostics.model import Diagnostic

STDIN = "-"


@dataclass(frozen=True)
class Outcome:
    """A file's bytes before and after; `after` is None if mistakes keep it as it is."""

    name: str
    before: bytes
    after: bytes | None
    diagnostics: list[Diagnostic]

    @property
    def changes(self) -> bool:
        return self.after is not None and self.after != self.before


@click.command(
    epilog="Files below a folder are found, those in hidden folders aside; `-` formats stdin. Exit code 1 if a file "
    "has syntax errors, and with --check or --diff if one isn't in the canonical layout."
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, allow_dash=True), metavar="[FILE|FOLDER]...")
@click.option("--check", is_flag=True, help="Write nothing; tell which files would change.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@options.traceback
def command(paths: tuple[Path, ...], check: bool, diff: bool) -> int:
    from ..words import say

    if Path(STDIN) in paths and len(paths) > 1:
        raise click.UsageError(say("cli.fmt.alone"))
    places = list(paths) or [Path()]
    outcomes: list[Outcome] = []
    failed = False
    for path in _files(places):
        outcome = _format(path)
        outcomes.append(outcome)
        failed = output.report(outcome.diagnostics) or failed
        if diff:
            _show_difference(outcome)
        elif outcome.name == STDIN:
            if not check and outcome.after is not None:
                _write_stdout(outcome.after)
        elif outcome.changes and check:
            click.echo(say("cli.fmt.would", file=outcome.name))
        elif outcome.changes and not _rewrite(path, outcome):
            outcomes[-1] = Outcome(outcome.name, outcome.before, None, [])
            failed = True
    if not outcomes:
        click.echo(say("cli.fmt.none", places=", ".join(map(str, places))), err=True)
    elif outcomes[0].name != STDIN:
        click.echo(_summary(outcomes, written=not (check or diff)), err=True)
    return int(failed or ((check or diff) and any(outcome.changes for outcome in outcomes)))


def _files(places: Iterable[Path]) -> Iterator[Path]:
    """Give each file once: those that were named, and the `.llx` files below the folders that were."""
    seen: set[Path] = set()
    for place in places:
        found = _below(place) if place.is_dir() else [place]
        for path in found:
            whole = path.absolute()
            if whole not in seen:
                seen.add(whole)
                yield path


def _below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent) / name for name in sorted(names) if name.endswith(".llx"))


def _format(path: Path) -> Outcome:
    """Read and format a file, or stdin."""
    from ...dsl.format import formatted
    from ...dsl.reading import LARGEST, decode, read_bytes

    name = str(path)
    if name == STDIN:
        before: bytes | None = sys.stdin.buffer.read(LARGEST + 1)
        diagnostics: list[Diagnostic] = []
    else:
        before, diagnostics = read_bytes(path, name)
    if before is None:
        return Outcome(name, b"", None, diagnostics)
    source, diagnostics = decode(before, None if name == STDIN else path, name)
    if source is None:
        return Outcome(name, before, None, diagnostics)
    result = formatted(source)
    after = None if result.text is None else result.text.encode("utf-8")
    return Outcome(name, before, after, result.diagnostics)


def _rewrite(path: Path, outcome: Outcome) -> bool:
    """Write a file anew; False if that can't be done."""
    import errno

    from ..files import rewrite
    from ..words import say

    assert outcome.after is not None
    try:
        rewrite(path, outcome.after)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        click.echo(say("cli.error", message=say("cli.fmt.unwritten", file=path, reason=error.strerror)), err=True)
        return False
    click.echo(say("cli.fmt.changed", file=outcome.name))
    return True


def _write_stdout(data: bytes) -> None:
    sys.stdout.flush()
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:
        click.echo(data.decode("utf-8"), nl=False)
    else:
        stream.write(data)
        stream.flush()


def _show_difference(outcome: Outcome) -> None:
    """Show what would change."""
    if outcome.changes and outcome.after is not None:
        before, after = (data.decode("utf-8") for data in (outcome.before, outcome.after))
        difference.show(before, after, f"{outcome.name} (as it is)", f"{outcome.name} (formatted)")


def _summary(outcomes: list[Outcome], written: bool) -> str:
    from ..words import say

    changed = sum(outcome.changes for outcome in outcomes)
    broken = sum(outcome.after is None for outcome in outcomes)
    counts = {
        "cli.fmt.sum.changed" if written else "cli.fmt.sum.would": changed,
        "cli.fmt.sum.same": len(outcomes) - changed - broken,
        "cli.fmt.sum.broken": broken,
    }
    said = [say(key, files=_count(count)) for key, count in counts.items() if count]
    return say("words.comma").join(said)


def _count(count: int) -> str:
    from ..words import say

    return say("cli.fmt.files.one") if count == 1 else say("cli.fmt.files", count=count)
