"""`llx explain WHAT`: a component with its fields, a kind, a word of the language, or the code of a diagnostic."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import click

from . import components, options, output

if TYPE_CHECKING:
    from ...plugins.registry import Registry
    from ..reference.lexicon import Entry

CODE = re.compile(r"[A-Z]{1,3}\d{2,4}|\w+:\w+")
"""A code of llx, or a plugin's: its prefix and a name of its own."""


@click.command(epilog="Examples: llx explain adamw, llx explain optimizer, llx explain with, llx explain L0203")
@click.argument("what", shell_complete=options.complete_explained)
@components.use
def command(what: str, distributions: tuple[str, ...]) -> int:
    registry = components.registry_with(distributions)
    if CODE.fullmatch(what):
        return code(what)
    from ..reference.lexicon import explained

    found = [kind for kind in registry.kinds if what in registry.components(kind)]
    entries = explained(what)
    if entries:
        click.echo(_words(entries))
    if what == "experiment":
        click.echo(page(registry, "experiment", what))
    elif what in registry.kinds:
        click.echo(_kind(registry, what))
    for kind in found:
        click.echo(page(registry, kind, what))
    if not found and not entries and what not in registry.kinds:
        raise click.UsageError(_unknown(registry, what))
    return 0


def page(registry: Registry, kind: str, name: str) -> str:
    """Write the page of a component: what it is, how it is written, and its fields."""
    from ..words import say
    from . import markdown

    component = registry.experiment if name == "experiment" else registry.components(kind)[name]
    title, _, rest = component.description.partition("\n")
    lines = [f"{output.style(name, bold=True)}  {output.style(kind, dim=True)}", "", *markdown.wrapped(title, 2)]
    for paragraph in rest.strip().split("\n\n") if rest.strip() else ():
        lines += ["", *markdown.wrapped(paragraph, 2)]
    if component.positional:
        lines += ["", f"  {say('explain.written')}  {name}({', '.join(component.positional)}, …)"]
    if component.example:
        lines += ["", f"  {say('explain.example')}", f"    {kind} example = {component.example}"]
    if component.fields:
        lines += ["", f"  {say('explain.fields')}"]
    for field in component.fields.values():
        default = say("explain.required") if field.required else f"= {components.value_of(field.default)}"
        lines.append(f"    {output.style(field.name, bold=True)}  {output.style(default, dim=True)}")
        for text in (field.description, _capital(components.type_of(field.type))):
            lines += markdown.wrapped(text, 8) if text else []
    return "\n".join(lines) + "\n"


def _words(entries: list[Entry]) -> str:
    """Write what words and signs of the language mean, each with an example."""
    from ...dsl.diagnostics import words
    from ..reference.words import Words
    from . import markdown

    say = Words(words.language())
    lines: list[str] = []
    for entry in entries:
        head = f"{output.style(entry.word, bold=True)}  {output.style(say('explain.word'), dim=True)}"
        example = [f"    {line}" for line in entry.example.split("\n")]
        lines += [head, "", *markdown.wrapped(entry.meaning(say), 2), "", f"  {say('explain.example')}", *example, ""]
    return "\n".join(lines)


def code(what: str) -> int:
    """Show the page of a diagnostic's code; of a plugin's code that has none, the texts."""
    from ...dsl.diagnostics import pages, words
    from ...plugins import pages as plugins_pages
    from ..words import say
    from . import markdown

    find = plugins_pages.page if ":" in what else pages.page
    text = find(what, words.language())
    if text is not None:
        if "\n# …\n" in text:
            text += "\n" + say("cli.explain.usual") + "\n"
        click.echo(markdown.show(text, colour=output.coloured(sys.stdout.isatty())), nl=False)
        return 0
    return _texts(what)


def _texts(what: str) -> int:
    from ...dsl.diagnostics import words
    from ..words import load, say

    prefix, _, own = what.partition(":")
    if own:
        from ...plugins.pages import distribution

        # The texts of a plugin are known once it is used.
        found = distribution(prefix)
        components.registry_with([found] if found else [])
    language = words.language()
    load(language)
    texts = words.catalogue(language)
    said = {key: text for key, text in texts.items() if key == what or key.startswith(f"{what}.")}
    if not said:
        raise click.UsageError(say("cli.explain.code", code=what))
    click.echo(output.style(what, bold=True))
    for key, text in said.items():
        part = key.removeprefix(what).removeprefix(".") or say("cli.explain.message")
        click.echo(f"\n  {output.style(part, dim=True)}\n    " + text.replace("\n", "\n    "))
    return 0


def _kind(registry: Registry, kind: str) -> str:
    from ..words import say

    found = registry.kinds[kind]
    sort = say("reference.task" if found.is_task else "reference.value")
    listed = sorted(registry.components(kind).items())
    rows = [(name, components.first_line(one.description)) for name, one in listed]
    head = f"{output.style(kind, bold=True)}  {output.style(say('explain.kind'), dim=True)}"
    described = say("reference.kind_is", about=_capital(found.description))
    return f"{head}\n\n  {described}\n  {sort}\n\n{output.table(rows, indent=4)}\n"


def _unknown(registry: Registry, what: str) -> str:
    from ...dsl.diagnostics.similar import similar
    from ..reference import lexicon
    from ..words import say

    names = [name for kind in registry.kinds for name in registry.components(kind)]
    near = similar(what, dict.fromkeys([*names, *registry.kinds, *lexicon.names()]))
    if near:
        return say("cli.explain.similar", what=what, similar=[f"'{name}'" for name in near])
    if "." in what:
        return say("cli.explain.prefixed", what=what)
    return say("cli.explain.unknown", what=what)


def _capital(text: str) -> str:
    """Begin a sentence; in Japanese a Latin word at its start is a name, which stays as it is."""
    from ...dsl.diagnostics import words

    return text[:1].upper() + text[1:] if words.language() == "en" else text
