"""The command line in the user's language: help texts, and what click itself says.

In English every text is as it stands in the code. Elsewhere it is looked up by its English words, as gettext does; what has
no translation (the command of a plugin) stays English.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import cache
from importlib import import_module
from typing import TypeVar

import click

_CLICK = ("core", "decorators", "exceptions", "formatting", "parser", "termui", "types")
"""The modules of click that look their texts up with `_` and `ngettext`."""


def speaks_english() -> bool:
    """Tell whether texts are needed as they stand."""
    from ...dsl.diagnostics.words import language

    return language() == "en"


@cache
def _catalogue(language: str) -> Mapping[str, str]:
    if language == "en":
        return {}
    found: dict[str, str] = {}
    for part in ("click", "help"):
        found |= import_module(f"..messages.{language}_{part}", __package__).MESSAGES
    return found


def translated(text: str) -> str:
    """Give a text in the user's language."""
    from ...dsl.diagnostics.words import language

    return _catalogue(language()).get(text, text)


def _counted(one: str, many: str, count: int) -> str:
    return translated(one if count == 1 else many)


def teach_click() -> None:
    """Let click say what it says in the user's language; in English it is left alone."""
    if speaks_english():
        return
    for name in _CLICK:
        module = import_module(f"click.{name}")
        for attribute, function in (("_", translated), ("ngettext", _counted)):
            if hasattr(module, attribute):
                setattr(module, attribute, function)


C = TypeVar("C", bound=click.Command)


def in_users_language(command: C) -> C:
    """Give a command whose help, and that of its options, is in the user's language."""
    if speaks_english():
        return command
    spoken = copy(command)
    spoken.help = translated(spoken.help or "") or None
    spoken.epilog = translated(spoken.epilog or "") or None
    spoken.options_metavar = translated(spoken.options_metavar or "")
    # click keeps the option `--help` once it is made, in the language of then.
    vars(spoken)["_help_option"] = None
    spoken.params = [copy(parameter) for parameter in command.params]
    for parameter in spoken.params:
        if isinstance(parameter, click.Option) and parameter.help:
            parameter.help = translated(parameter.help)
    if isinstance(spoken, click.Group):
        spoken.subcommand_metavar = translated(spoken.subcommand_metavar)
    return spoken
