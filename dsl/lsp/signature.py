"""Signature help: the arguments of a component, and which of them is being written."""

from __future__ import annotations

from lsprotocol import types

from ..catalogue import Field
from .cursor import Cursor
from .markdown import default_of, default_text, page, plain
from .say import Say


def signature(cursor: Cursor, say: Say) -> types.SignatureHelp | None:
    """Show the call around the cursor; None outside of parentheses."""
    within = cursor.within
    if within.component is None or not within.in_parentheses:
        return None
    component = within.component
    fields = [component.fields[name] for name in component.positional]
    fields += [field for field in component.fields.values() if field.name not in component.positional]
    labels = [_label(field, cursor) for field in fields]
    active = next((n for n, field in enumerate(fields) if field.name == within.field), None)
    parameters = [
        types.ParameterInformation(label, documentation=say.page(_about(field, cursor, say)))
        for label, field in zip(labels, fields, strict=True)
    ]
    title = component.description.split("\n", 1)[0]
    shown = types.SignatureInformation(
        f"{component.name}({', '.join(labels)})", documentation=title, parameters=parameters, active_parameter=active
    )
    return types.SignatureHelp([shown], active_signature=0, active_parameter=active)


def _label(field: Field, cursor: Cursor) -> str:
    if field.required:
        return field.name
    return f"{field.name} = {default_text(field, cursor.analysis)}"


def _about(field: Field, cursor: Cursor, say: Say) -> str:
    return page(say.type(field.type), plain(field.description), default_of(field, say, cursor.analysis))
