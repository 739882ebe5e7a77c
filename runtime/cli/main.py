"""The command `llx`: its commands by name, each loaded when it is asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module

import click

from .guard import guarded
from .speech import in_users_language, teach_click, translated

SECTIONS: dict[str, dict[str, str]] = {
    "Write an experiment": {
        "new": "Make a new experiment, or a plugin package, that works as it is.",
        "check": "Find the mistakes in an experiment before anything runs.",
        "fmt": "Lay out files in the one canonical way.",
        "describe": "Show the evaluated experiment, with the origin of every value.",
        "lsp": "Serve an editor: mistakes as you type, completion, hover, renaming (docs/editors.md).",
    },
    "Run an experiment": {
        "plan": "Show what would run, why, and what it costs.",
        "run": "Run what an experiment describes and isn't stored yet.",
        "test": "Run all of it with a handful of rows and steps, and judge what that allows.",
        "prove": "Prove what training relies on: masks, padding, accumulation, seeds, resuming.",
        "why": "Say why a task would run again.",
        "graph": "Draw the tasks of an experiment.",
    },
    "Look at runs": {
        "runs": "List the runs.",
        "show": "Show a run: its tasks and results.",
        "diff": "Compare two runs: values that differ, then metrics, and whether by more than noise.",
        "report": "Write the report of a run, one HTML file.",
        "board": "Show the curves of all runs in TensorBoard.",
        "gc": "Free the space of what no experiment needs any more.",
    },
    "Use a trained model": {
        "generate": "Let a trained stage go on with a text.",
        "predict": "Let a trained stage label texts.",
    },
    "Learn": {
        "components": "List the components that a file may use.",
        "explain": "Explain a component, a kind or the code of a diagnostic.",
        "plugins": "List the installed plugins.",
        "doctor": "Say what this machine can do, and what stands in the way.",
        "completion": "Write the script that lets a shell complete llx.",
        "version": "Show the versions.",
    },
}
"""Help lines live here, so that `llx --help` loads no command."""

HELP = {name: text for commands in SECTIONS.values() for name, text in commands.items()}


class Commands(click.Group):
    """Finds a command by its name: one of llx's own in its module, else one that an installed plugin adds."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(HELP)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in HELP:
            command: click.Command = import_module(f".{cmd_name}", __package__).command
            command.help = command.help or HELP[cmd_name]
            return in_users_language(command)
        if cmd_name not in self.commands:
            from .plugins import add_commands

            add_commands(self)
        return self.commands.get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from ...dsl.diagnostics.similar import similar

            near = similar(args[0], HELP, 1)
            if near and not args[0].startswith("-"):
                from ..words import say

                raise click.UsageError(say("cli.main.similar", name=args[0], similar=near[0]), ctx) from error
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section, commands in SECTIONS.items():
            with formatter.section(translated(section)):
                formatter.write_dl([(name, translated(text)) for name, text in commands.items()])


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: llx run examples/quickstart.llx",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=lambda c, p, v: _version(c, v),
    help="Show the version and exit.",
)
def llx() -> None:
    """Describe experiments with language models in .llx files, and run them."""


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    # pydantic would look through every installed distribution for plugins of its own when it builds a class.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    teach_click()
    raise SystemExit(guarded(in_users_language(llx), args))


def _version(context: click.Context, asked: bool) -> None:
    if asked:
        from ... import __version__

        click.echo(f"llx {__version__}")
        context.exit()
