"""Arguments and options that several commands take."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from .guard import TRACEBACK

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


WIDE_EQUALS = "\uff1d\ufe66"
"""What a Japanese keyboard gives for `=`."""


def _traceback(context: click.Context, option: click.Parameter, given: bool) -> None:
    if given:
        os.environ[TRACEBACK] = "1"


def _params(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for param in given:
        name, equals, _ = param.partition("=")
        if not equals or not name.strip():
            from ..words import say

            wide = next((sign for sign in WIDE_EQUALS if sign in param), None)
            if wide is not None:
                meant = param.replace(wide, "=", 1)
                raise click.BadParameter(say("cli.params.wide", param=param, sign=wide, meant=meant))
            raise click.BadParameter(say("cli.params.form", param=param))
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


def complete_explained(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete what `llx explain` knows, in a shell."""
    from . import complete

    return complete.explained(context, parameter, incomplete)


class Given(NamedTuple):
    """What a command that takes several files is given."""

    files: tuple[Path, ...]
    params: tuple[str, ...]


def _given(context: click.Context, argument: click.Parameter, words: tuple[str, ...]) -> Given:
    """Tell files from params, and give a folder's files in its place."""
    files: list[Path] = []
    params: list[str] = []
    for word in words:
        path = Path(word)
        if any(sign in word for sign in ("=", *WIDE_EQUALS)) and not path.exists():
            params.append(word)
        else:
            files += (_below(path) if path.is_dir() else ()) or [path]
    if not files:
        raise click.MissingParameter(ctx=context, param=argument)
    if params and len(files) > 1:
        from ..words import say

        raise click.UsageError(say("cli.check.params"), context)
    return Given(tuple(dict.fromkeys(files)), _params(context, argument, tuple(params)))


def _below(folder: Path) -> list[Path]:
    """Give the .llx files below a folder, hidden ones and those of a store left out."""
    found: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(parent) / name for name in sorted(names) if name.endswith(".llx") and not name.startswith(".")]
    return found


def _complete_given(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file"), *_complete_params(context, parameter, incomplete)]


files = click.argument(
    "given", nargs=-1, required=True, metavar="FILE... [NAME=VALUE]...", callback=_given, shell_complete=_complete_given
)
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
only = click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_names,
    help="Take only this task, and what it needs.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON for machines.")


def experiment(command: Any) -> Any:
    """Give a command the file, its params, and `--traceback`."""
    return traceback(file(params(command)))


_stage = click.argument("stage", shell_complete=complete_names)
_param = click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A param of the file.")


def trained(command: Any) -> Any:
    """Give a command a file, a stage of it, `--param`, `--store` and `--traceback`, for what uses a stored checkpoint."""
    return traceback(file(_stage(_param(store(command)))))
