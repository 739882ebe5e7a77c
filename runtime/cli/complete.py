"""What a shell completes: params and names of the file that was typed already."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from ...dsl import syntax


def params(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete `name=` with the params of the file, their doc comments beside them."""
    from ...dsl import syntax

    found = [one for one in _statements(context) if isinstance(one, syntax.Param)]
    return _items([(f"{one.name.name}=", one) for one in found], incomplete)


def names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a declaration of the file."""
    from ...dsl import syntax

    found = [one for one in _statements(context) if isinstance(one, syntax.Declaration | syntax.Expect)]
    return _items([(one.name.name, one) for one in found], incomplete)


def _items(words: list[tuple[str, Any]], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(word, help=node.doc or None) for word, node in words if word.startswith(incomplete)]


def _statements(context: click.Context) -> Iterator[syntax.Statement]:
    from ...dsl.parser import parse, read

    # Behind an option that still wants its value click has parsed nothing, and the line itself is asked.
    words = os.environ.get("COMP_WORDS", "").split()
    file = context.params.get("file") or next((word for word in words if word.endswith(".llx")), None)
    if file is None:
        return
    source, _ = read(Path(file), str(file))
    if source is not None:
        yield from parse(source)[0].statements
