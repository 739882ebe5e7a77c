"""`llx components [KIND]`: what a file may use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from . import options, output

if TYPE_CHECKING:
    from ...plugins.registry import Registry

use = click.option(
    "--use", "distributions", multiple=True, metavar="DISTRIBUTION", help="Show those of a plugin too, as `use` does."
)


@click.command(epilog="`llx explain NAME` shows the fields of a component.")
@click.argument("kind", required=False)
@use
@options.as_json
def command(kind: str | None, distributions: tuple[str, ...], as_json: bool) -> int:
    from ..words import say

    registry = registry_with(distributions)
    if kind is not None and kind not in registry.kinds:
        from ...dsl.diagnostics.similar import similar

        near = similar(kind, registry.kinds, 1)
        key = "cli.components.similar" if near else "cli.components.kinds"
        raise click.UsageError(say(key, kind=kind, similar=near[0] if near else "", kinds=list(registry.kinds)))
    kinds = [kind] if kind else list(registry.kinds)
    if as_json:
        import json

        listed = [described(registry, one, name) for one in kinds for name in registry.components(one)]
        click.echo(json.dumps({"version": 1, "components": listed}, ensure_ascii=False, indent=2))
        return 0
    for one in kinds:
        click.echo(f"{output.style(one, bold=True)}  {output.style(registry.kinds[one].description, dim=True)}")
        rows = [(name, first_line(found.description)) for name, found in sorted(registry.components(one).items())]
        click.echo(output.table(rows) or f"  {say('cli.components.none')}")
        click.echo()
    return 0


def registry_with(distributions: Sequence[str]) -> Registry:
    """Give a registry that sees some distributions beside the built-in components."""
    from ...plugins.registry import Registry

    registry = Registry()
    for name in distributions:
        used = registry.use(name, (), None)
        if used.problem is not None:
            from ...dsl.diagnostics.model import Diagnostic, Severity

            problem = used.problem
            severity = Severity.WARNING if problem.warning else Severity.ERROR
            helps = (problem.help,) if problem.help else ()
            if output.report([Diagnostic(problem.code, problem.message, None, severity, helps=helps)]):
                raise click.exceptions.Exit(1)
    return registry


def described(registry: Registry, kind: str, name: str) -> dict[str, Any]:
    """Give what is known of a component as plain values."""
    component = registry.components(kind)[name]
    return {
        "kind": kind,
        "name": name,
        "distribution": component.distribution,
        "description": component.description,
        "positional": list(component.positional),
        "fields": [
            {
                "name": field.name,
                "type": type_of(field.type),
                "required": field.required,
                "default": None if field.required else value_of(field.default),
                "description": field.description,
            }
            for field in component.fields.values()
        ],
    }


def type_of(wanted: Any) -> str:
    """Say what a type admits, in the user's language."""
    from ...dsl.describe import describe
    from ..words import say_text

    return say_text(describe(wanted))


def value_of(value: Any) -> str:
    """Write a default as a file would."""
    from ...plugins.show import show

    return show(value)


def first_line(text: str) -> str:
    return text.split("\n", 1)[0]
