"""How commands speak: diagnostics on stderr, in the user's language, and tables of plain text."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ...dsl.diagnostics.model import Diagnostic

FORMATS = ("rich", "concise", "json", "github", "sarif")


def report(diagnostics: Iterable[Diagnostic], format: str = "rich") -> bool:
    """Show diagnostics, and tell whether one of them is an error.

    What machines read goes to stdout, what people read to stderr.
    """
    listed = list(diagnostics)
    if format in ("json", "github", "sarif"):
        _load()
        click.echo(_for_machines(listed, format), nl=False)
    elif listed:
        _load()
        _show(listed, format)
    return any(diagnostic.is_error for diagnostic in listed)


def _for_machines(diagnostics: list[Diagnostic], format: str) -> str:
    if format == "json":
        from ...dsl.diagnostics import json

        return json.show(diagnostics)
    if format == "github":
        from ...dsl.diagnostics import github

        return github.show(diagnostics)
    from ... import __version__
    from ...dsl.diagnostics import sarif

    return sarif.show(diagnostics, version=__version__)


def _show(diagnostics: list[Diagnostic], format: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
    if format == "concise":
        from ...dsl.diagnostics import concise

        click.echo(concise.show(diagnostics), nl=False, err=True)
        return
    from ...dsl.diagnostics import plain
    from ...dsl.diagnostics.summary import summary

    click.echo(plain.show(diagnostics, colour=coloured(sys.stderr.isatty())), err=True)
    click.echo(summary(diagnostics), err=True)


def coloured(terminal: bool) -> bool:
    """Tell whether to use colours: in a terminal, unless NO_COLOR says otherwise."""
    return terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def style(text: str, **styles: object) -> str:
    """Colour a text for stdout, if that is a terminal."""
    return click.style(text, **styles) if coloured(sys.stdout.isatty()) else text  # type: ignore[arg-type]


def table(rows: Iterable[Sequence[str]], *, right: Sequence[int] = (), indent: int = 2, gap: int = 2) -> str:
    """Set rows in columns, wide characters measured as they are shown; `right` are columns set to the right."""
    rows = [list(row) for row in rows]
    if not rows:
        return ""
    from ...dsl.diagnostics.width import width

    listed = [[click.unstyle(cell) for cell in row] for row in rows]
    columns = max(len(row) for row in listed)
    widths = [max((width(row[i]) for row in listed if i < len(row)), default=0) for i in range(columns)]
    lines = []
    for row, plain in zip(rows, listed, strict=True):
        cells = []
        for i, cell in enumerate(row):
            pad = " " * (widths[i] - width(plain[i]))
            cells.append(pad + cell if i in right else cell + pad)
        lines.append((" " * indent + (" " * gap).join(cells)).rstrip())
    return "\n".join(lines)


def _load() -> None:
    """Make the texts of the runtime known, so that its diagnostics have words."""
    from ...dsl.diagnostics import words
    from ..words import load

    for language in dict.fromkeys(("en", words.language())):
        load(language)
