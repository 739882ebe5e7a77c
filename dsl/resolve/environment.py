"""`env("NAME", default)`: the one look outside, in the default of a param."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from .. import syntax
from ..diagnostics.model import Text
from ..parser import parse_expression
from ..source import Source
from ..types import Anything, Type
from ..types import Text as TextType
from .base import UNRESOLVED, Context, Unresolved, Wanted


def read_environment(
    context: Context, node: syntax.Call, wanted: Type, slot: Text, type_of: Callable[[Any], Type]
) -> Any:
    """Give the value of an environment variable, read as the type of the param or of the default."""
    if not context.env:
        return context.error("L0217", node.span, helps=(Text("L0217.help"),))
    name = node.positional[0] if node.positional else None
    if not 1 <= len(node.positional) <= 2 or node.entries or node.block or not isinstance(name, syntax.String):
        return context.error("L0219", node.span, {"function": "env", "takes": 'env("NAME", default)'})
    variable = context.resolve(name, Wanted(TextType(), Text("slot.argument", {"function": "env"})))
    default = None
    if len(node.positional) == 2:
        default = context.resolve(node.positional[1], Wanted(wanted, slot))
    if isinstance(variable, Unresolved) or isinstance(default, Unresolved):
        return UNRESOLVED
    text = os.environ.get(variable)
    if text is None:
        if len(node.positional) == 2:
            return default
        return context.error("L0220", node.span, {"name": variable}, helps=(Text("L0220.help", {"name": variable}),))
    if wanted == Anything():
        wanted = type_of(default) if len(node.positional) == 2 else TextType()
    if isinstance(wanted, TextType):
        return text
    source = Source(f"${variable}", text)
    expression, diagnostics = parse_expression(source)
    context.sink.extend(diagnostics)
    if expression is None:
        return UNRESOLVED
    return context.resolve(expression, Wanted(wanted, slot))
