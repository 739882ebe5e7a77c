"""What a shell completes: params and names of the file that was typed already, and what can be explained."""

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
    """Complete the name of a declaration of the file, or of one that it imports."""
    from ...dsl import syntax

    statements = list(_statements(context))
    found: list[tuple[str, syntax.Statement]] = []
    found += [(one.name.name, one) for one in statements if isinstance(one, syntax.Declaration | syntax.Expect)]
    for one in statements:
        if isinstance(one, syntax.Import) and incomplete.startswith(f"{one.name.name}."):
            inner = (node for node in _imported(one) if isinstance(node, syntax.Declaration))
            found += [(f"{one.name.name}.{node.name.name}", node) for node in inner]
        elif isinstance(one, syntax.Import) and f"{one.name.name}.".startswith(incomplete):
            found.append((f"{one.name.name}.", one))
    return _items(found, incomplete)


def words(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a name or a param."""
    return [*names(context, parameter, incomplete), *params(context, parameter, incomplete)]


def explained(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a component, a kind, a word of the language or a code, with what it is beside it."""
    from ...dsl.diagnostics import pages
    from ...dsl.diagnostics.words import language
    from ...plugins.registry import Registry
    from ..reference import lexicon
    from ..reference.words import Words

    registry, say = Registry(), Words(language())
    found = {kind: one.description for kind, one in registry.kinds.items()}
    for kind in registry.kinds:
        found |= {name: one.description.partition("\n")[0] for name, one in registry.components(kind).items()}
    for entry in lexicon.lexicon():
        found.setdefault(entry.word, entry.meaning(say))
    found |= {path.stem: "" for path in sorted(pages.FOLDER.glob("L*.md"))} if incomplete.startswith("L") else {}
    return [CompletionItem(name, help=about or None) for name, about in found.items() if name.startswith(incomplete)]


def _items(words: list[tuple[str, Any]], incomplete: str) -> list[CompletionItem]:
    return [
        CompletionItem(word, help=getattr(node, "doc", None) or None)
        for word, node in words
        if word.startswith(incomplete)
    ]


def _statements(context: click.Context) -> Iterator[syntax.Statement]:
    # Behind an option that still wants its value click has parsed nothing, and the line itself is asked.
    words = os.environ.get("COMP_WORDS", "").split()
    file = context.params.get("file") or next((word for word in words if word.endswith(".llx")), None)
    if file is None:
        return
    yield from _parsed(Path(file))


def _imported(node: syntax.Import) -> Iterator[syntax.Statement]:
    path = node.path.span.source.path
    names = [part for part in node.path.parts if isinstance(part, str)]
    if path is not None and len(names) == len(node.path.parts) == 1:
        yield from _parsed(path.parent / names[0])


def _parsed(file: Path) -> Iterator[syntax.Statement]:
    from ...dsl.parser import parse, read

    source, _ = read(file, str(file))
    if source is not None:
        yield from parse(source)[0].statements
