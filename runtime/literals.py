"""Python values in the words of the language."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from ..dsl.quantities import Quantity


def literal(value: Any) -> str:
    """Write a Python value in the language, as the value of a param."""
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return repr(value)
        case str():
            return json.dumps(value, ensure_ascii=False).replace("${", "\\u{24}{")
        case Quantity():
            return str(value)
        case list() | tuple():
            return f"[{', '.join(literal(item) for item in value)}]"
        case Mapping():
            return f"{{ {', '.join(f'{json.dumps(str(key))} = {literal(item)}' for key, item in value.items())} }}"
    raise TypeError(f'a param can\'t hold {value!r}; give it in the language with `params=["name=…"]`')


def shown(value: Any) -> str:
    """Write the recorded value of a param as a file would; what the language has no word for as it is."""
    try:
        return literal(value)
    except TypeError:
        return str(value)
