"""Arguments and options that several commands take."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .guard import TRACEBACK

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def _traceback(context: click.Context, option: click.Parameter, given: bool) -> None:
    if given:
        os.environ[TRACEBACK] = "1"


def _params(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for param in given:
        name, equals, _ = param.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter(f"'{param}' is not of the form name=value.")
    return given


def _complete_params(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from . import complete

    return complete.params(context, parameter, incomplete)


def complete_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a declaration, in a shell."""
    from . import complete

    return complete.names(context, parameter, incomplete)


def complete_words(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a declaration or a param, in a shell."""
    from . import complete

    return complete.words(context, parameter, incomplete)


file = click.argument("file", type=click.Path(path_type=Path))
params = click.argument(
    "params", nargs=-1, metavar="[NAME=VALUE]...", callback=_params, shell_complete=_complete_params
)
store = click.option(
    "--store", type=click.Path(path_type=Path), metavar="FOLDER", help="Where artifacts are kept (default: .llx)."
)
traceback = click.option(
    "--traceback",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_traceback,
    help="Show the traceback of an internal error.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON for machines.")


def experiment(command: Any) -> Any:
    """Give a command the file, its params, and `--traceback`."""
    return traceback(file(params(command)))
