"""`llx new NAME`: a folder with an experiment that runs, or with `--plugin` a package whose tests pass."""

from __future__ import annotations

from pathlib import Path

import click

from . import options, output

KINDS = ("objective", "metric", "data", "schedule")


@click.command(epilog="Examples: llx new novels, llx new llx-calm --plugin metric")
@options.traceback
@click.argument("name", type=click.Path(path_type=Path), metavar="NAME")
@click.option(
    "--plugin",
    is_flag=False,
    flag_value=KINDS[0],
    type=click.Choice(KINDS),
    help="Make a plugin package, whose first component is of this kind (objective if none is named).",
)
@click.option("--lang", type=click.Choice(["en", "ja"]), help="The language of comments and texts (default: yours).")
def command(name: Path, plugin: str | None, lang: str | None) -> int:
    from ...dsl.diagnostics import words
    from .. import scaffold

    folder = name.absolute()
    language = lang or words.language()
    if not scaffold.is_free(folder):
        return _refused("L0870", {"path": str(name)})
    if plugin is None:
        contents = scaffold.experiment(folder.name, language)
    elif scaffold.distribution(folder.name) is None:
        return _refused("L0871", {"name": folder.name})
    else:
        contents = scaffold.plugin(folder.name, plugin, language)
    try:
        scaffold.write(folder, contents)
    except FileExistsError as error:
        return _refused("L0870", {"path": str(error.filename)})
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return _refused("L0872", {"path": str(error.filename or name), "reason": reason})
    _told(name, list(contents), plugin is not None)
    return 0


def _told(name: Path, made: list[str], is_plugin: bool) -> None:
    """Say what was made, and what to do next."""
    from ..scaffold import EXPERIMENT
    from ..words import say

    click.echo(say("cli.new.made", folder=name))
    click.echo("\n".join(f"  {file}" for file in made))
    go = [f"cd {_quoted(name)}"] if name != Path() else []
    then = ["pip install -e '.[test]'", "python -m pytest"] if is_plugin else [f"llx run {EXPERIMENT}"]
    click.echo("\n" + say("cli.new.next"))
    click.echo("\n".join(f"  {line}" for line in [*go, *then]))


def _quoted(path: Path) -> str:
    import shlex

    return shlex.quote(str(path))


def _refused(code: str, values: dict[str, object]) -> int:
    from ...dsl.diagnostics.model import Diagnostic, Text

    helps = (Text(f"{code}.help", values),)
    output.report([Diagnostic(code, Text(code, values), None, helps=helps)])
    return 1
