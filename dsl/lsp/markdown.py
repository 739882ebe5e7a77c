"""Pages about components, fields and names, in Markdown, for hover and completion."""

from __future__ import annotations

from ..catalogue import Component, Field, Kind
from ..describe import artifact, dimension
from ..quantities import BASE_UNIT, UNITS, show_number
from ..types import Artifact, Either, Type, Word
from .analysis import Analysis
from .say import Say, shown

_SHOWN_FIELDS = 30


def component_page(component: Component, say: Say, analysis: Analysis) -> str:
    """Describe a component: its kind, what it is for, and its fields."""
    lines = [code(f"{component.kind} {component.name}"), plain(component.description)]
    if component.positional:
        lines.append(say("editor.written", call=f"`{component.name}({', '.join(component.positional)}, …)`"))
    fields = list(component.fields.values())
    if fields:
        listed = [f"- {_field_line(field, say, analysis)}" for field in fields[:_SHOWN_FIELDS]]
        if len(fields) > _SHOWN_FIELDS:
            listed.append(f"- {say('editor.more_fields', count=len(fields) - _SHOWN_FIELDS)}")
        lines.append(f"**{say('editor.fields')}**\n\n" + "\n".join(listed))
    return page(*lines)


def field_page(component: Component, field: Field, say: Say, analysis: Analysis, value: str | None = None) -> str:
    """Describe a field: where it belongs, what it takes, its default, and its value here."""
    head = f"{field.name}: {say.type(field.type)}"
    lines = [code(head), plain(field.description)]
    if value is not None:
        lines.append(say("editor.value", value=f"`{value}`"))
    lines += [
        default_of(field, say, analysis),
        f"*{say('editor.field', kind=component.kind, component=component.name)}*",
    ]
    return page(*lines)


def default_of(field: Field, say: Say, analysis: Analysis) -> str:
    """Say that a field is required, or what its default is."""
    if field.required:
        return say("editor.required")
    return say("editor.default", value=f"`{default_text(field, analysis)}`")


def default_text(field: Field, analysis: Analysis) -> str:
    """Write a field's default as a file would: words have no quotes."""
    if isinstance(field.default, str) and field.default in words_of(field.type):
        return field.default
    return shown(field.default, analysis)


def words_of(type_: Type) -> tuple[str, ...]:
    """Give the words that a type admits."""
    if isinstance(type_, Either):
        return tuple(word for option in type_.options for word in words_of(option))
    return type_.words if isinstance(type_, Word) else ()


def kind_page(kind: Kind, say: Say) -> str:
    """Describe a kind."""
    sort = say("editor.task_kind" if kind.is_task else "editor.value_kind")
    return page(code(f"{kind.name} …"), plain(kind.description), f"*{sort}*")


def unit_page(unit: str, say: Say) -> str:
    """Describe a unit."""
    of, factor = UNITS[unit]
    lines = [code(unit), say("editor.unit", dimension=dimension(of))]
    if unit != BASE_UNIT[of] and factor != 1:
        lines.append(f"1 {unit} = {say('editor.is_unit', count=show_number(factor), base=BASE_UNIT[of])}")
    return page(*lines)


def name_page(kind: str, name: str, doc: str, value: str | None, say: Say, outputs: dict[str, Artifact] | None) -> str:
    """Describe a name of the file: its doc comment, its value, and what it puts out."""
    lines = [code(f"{kind} {name}" + (f" = {value}" if value is not None else "")), plain(doc)]
    if outputs:
        listed = (f"- `{name}.{output}`: {say.text(artifact(of))}" for output, of in outputs.items())
        lines.append(f"**{say('editor.outputs')}**\n\n" + "\n".join(listed))
    return page(*lines)


def page(*parts: str) -> str:
    """Join paragraphs, those that say nothing left out."""
    return "\n\n".join(part for part in parts if part)


def code(text: str) -> str:
    """Show a piece of the language."""
    return f"```llx\n{text}\n```"


def plain(text: str) -> str:
    """Keep prose from being read as markup where that would hide something; its `code` stays."""
    return text.replace("<", "\\<").replace("*", "\\*")


def _field_line(field: Field, say: Say, analysis: Analysis) -> str:
    about = say("editor.required") if field.required else f"`{default_text(field, analysis)}`"
    return f"`{field.name}` ({about}) {plain(field.description)}".rstrip()
