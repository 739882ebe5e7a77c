"""The page of a kind: its components, how they are written, and their fields."""

from __future__ import annotations

from collections.abc import Iterator

from ...dsl.catalogue import Field
from ...dsl.describe import describe, units
from ...dsl.types import Either, ListOf, MapOf, QuantityOf, Type
from ...plugins.about import about, about_field, about_kind
from ...plugins.kinds import KINDS
from ...plugins.registered import Registered
from ...plugins.registry import Registry
from ...plugins.show import show
from .words import Words


def page(registry: Registry, kind: str, say: Words) -> str:
    """Write the page of a kind."""
    found = registry.kinds[kind]
    listed = [component for _, component in sorted(registry.components(kind).items())]
    parts = [part for component in listed for part in _component(component, say)]
    return say.page(
        f"`{kind}`",
        say("reference.kind_is", about=_capital(kind_is(kind, say))),
        say("reference.task" if found.is_task else "reference.value"),
        *(parts or [say("reference.none")]),
    )


def kind_is(kind: str, say: Words) -> str:
    """Say what one of llx's own kinds is for."""
    return about_kind(kind, next(one.description for one in KINDS if one.base.kind == kind), say.language)


def experiment(registry: Registry, say: Words) -> str:
    """Write the page of the settings that hold for a whole file."""
    component = registry.experiment
    example = "```llx\nexperiment reviews { seed = 7, precision = bf16 }\n```"
    return say.page("`experiment`", about(component, say.language), example, _fields(component, say))


def _component(component: Registered, say: Words) -> Iterator[str]:
    yield f"## `{component.name}`"
    yield about(component, say.language)
    if component.example:
        yield f"```llx\n{component.kind} example = {component.example}\n```"
    if component.positional:
        yield say("reference.positional", written=f"`{component.name}({', '.join(component.positional)}, …)`")
    yield _fields(component, say) if component.fields else say("reference.no_fields")


def _fields(component: Registered, say: Words) -> str:
    rows = [
        f"| {say('reference.field')} | {say('reference.takes')} | {say('reference.default')} | |",
        "|---|---|---|---|",
        *(_row(component, field, say) for field in component.fields.values()),
    ]
    return "\n".join(rows)


def _row(component: Registered, field: Field, say: Words) -> str:
    default = say("reference.required") if field.required else f"`{show(field.default, field.type)}`"
    cells = [f"`{field.name}`", takes(field.type, say), default, about_field(component, field.name, say.language)]
    escaped = [cell.replace("|", "\\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"


def takes(wanted: Type, say: Words) -> str:
    """Say what a field takes, with the units of a quantity."""
    said = say.text(describe(wanted))
    written = [unit for quantity in _quantities(wanted) for unit in units(quantity.dimensions)]
    if not written:
        return said
    return say("reference.units", said=said, units=[f"`{unit}`" for unit in dict.fromkeys(written)])


def _quantities(wanted: Type) -> Iterator[QuantityOf]:
    match wanted:
        case QuantityOf():
            yield wanted
        case Either(options=options):
            for option in options:
                yield from _quantities(option)
        case ListOf(item=item) | MapOf(item=item):
            yield from _quantities(item)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
