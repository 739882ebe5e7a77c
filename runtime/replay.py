"""The program of a recorded run: its own text, checked again with the params that it was given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..dsl.program import Program
from ..dsl.source import Source
from .face import check_source
from .literals import literal
from .records import plain_params


def program_of(text: str, file: str, root: Path, params: Mapping[str, Any]) -> Program | None:
    """Give the program of a run, None if its text can't be checked any more (a file or a plugin is gone).

    Files that it imports are read as they are now.
    """
    path = root / file
    source = Source(file, text, path)
    program = check_source(source, path, root).program
    if program is None:
        # A param without which it can't be checked has no default to tell its type.
        given = [f"{name}={value if isinstance(value, str) else literal(value)}" for name, value in params.items()]
        return check_source(source, path, root, given).program
    now = plain_params({name: knob.value for name, knob in program.params.items()})
    changed = []
    for name, value in params.items():
        if name in now and now[name] != value:
            is_text = isinstance(program.params[name].value, str) or not isinstance(value, str)
            # Quantities and components were recorded as the language writes them.
            changed.append(f"{name}={literal(value) if is_text else value}")
    return check_source(source, path, root, changed).program if changed else program
