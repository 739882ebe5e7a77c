"""`llx explain WHAT`: a component with its fields, a kind, or the code of a diagnostic."""

from __future__ import annotations

import re
import shutil
import textwrap
from typing import TYPE_CHECKING

import click

from . import components, output
from .speech import translated

if TYPE_CHECKING:
    from ...plugins.registry import Registry

CODE = re.compile(r"(?:\w+:)?[A-Z]{1,3}\d{2,4}")


@click.command(epilog="Examples: llx explain adamw, llx explain optimizer, llx explain L0203")
@click.argument("what")
@components.use
def command(what: str, distributions: tuple[str, ...]) -> int:
    registry = components.registry_with(distributions)
    if CODE.fullmatch(what):
        return code(what)
    found = [kind for kind in registry.kinds if what in registry.components(kind)]
    if what == "experiment":
        click.echo(page(registry, "experiment", what))
    elif what in registry.kinds:
        click.echo(_kind(registry, what))
    for kind in found:
        click.echo(page(registry, kind, what))
    if not found and what != "experiment" and what not in registry.kinds:
        raise click.UsageError(_unknown(registry, what))
    return 0


def page(registry: Registry, kind: str, name: str) -> str:
    """Write the page of a component: what it is, how it is written, and its fields."""
    from ..words import say

    component = registry.experiment if name == "experiment" else registry.components(kind)[name]
    title, _, rest = component.description.partition("\n")
    lines = [f"{output.style(name, bold=True)}  {output.style(kind, dim=True)}", "", f"  {title}"]
    if rest.strip():
        lines += ["", *(f"  {line}".rstrip() for line in rest.strip().split("\n"))]
    if component.positional:
        lines += ["", f"  {say('cli.explain.written')}  {name}({', '.join(component.positional)}, …)"]
    if component.fields:
        lines += ["", f"  {say('cli.explain.fields')}"]
    for field in component.fields.values():
        default = say("cli.explain.required") if field.required else f"= {components.value_of(field.default)}"
        about = f"{field.description}. " if field.description else ""
        lines.append(f"    {output.style(field.name, bold=True)}  {output.style(default, dim=True)}")
        lines += textwrap.wrap(
            f"{about}{_capital(components.type_of(field.type))}.",
            width=min(100, shutil.get_terminal_size().columns),
            initial_indent=" " * 8,
            subsequent_indent=" " * 8,
        )
    return "\n".join(lines) + "\n"


def code(what: str) -> int:
    """Show the texts of a diagnostic's code."""
    from ...dsl.diagnostics import words
    from ..words import load, say

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
    sort = say("cli.explain.task" if found.is_task else "cli.explain.value")
    about = say("cli.explain.about", description=translated(found.description), sort=sort)
    rows = [(name, components.first_line(one.description)) for name, one in sorted(registry.components(kind).items())]
    head = f"{output.style(kind, bold=True)}  {output.style(say('cli.explain.kind'), dim=True)}"
    return f"{head}\n\n  {_capital(about)}\n\n{output.table(rows, indent=4)}\n"


def _unknown(registry: Registry, what: str) -> str:
    from ...dsl.diagnostics.similar import similar
    from ..words import say

    names = [name for kind in registry.kinds for name in registry.components(kind)] + list(registry.kinds)
    near = similar(what, names, 1)
    if near:
        return say("cli.explain.similar", what=what, similar=near[0])
    if "." in what:
        return say("cli.explain.prefixed", what=what)
    return say("cli.explain.unknown", what=what)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
