"""`llx test FILE`: a smoke run, and those expectations whose numbers it doesn't change."""

from __future__ import annotations

from pathlib import Path

import click

from . import options
from .run import execute


@click.command(epilog="An expectation is judged if nothing that it refers to took less than a real run would.")
@options.experiment
@options.only
@options.store
@click.option("--json", "as_json", is_flag=True, help="Write the events as JSON lines.")
def command(file: Path, params: tuple[str, ...], only: tuple[str, ...], store: Path | None, as_json: bool) -> int:
    from ..mode import Mode

    return execute(file, params, only, store, as_json, Mode.TEST)
