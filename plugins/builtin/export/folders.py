"""The rule that exports of one file don't overwrite each other."""

from __future__ import annotations

from collections.abc import Iterator

from ....dsl.diagnostics.model import Diagnostic, Label, Text
from ....dsl.program import Declared, Program
from ...kinds import Export


def shared_folders(program: Program) -> Iterator[Diagnostic]:
    """Give a diagnostic for each export into a folder that an earlier one writes into."""
    first: dict[str, Declared] = {}
    for declared in program.declarations.values():
        export = declared.value
        if not isinstance(export, Export):
            continue
        other = first.setdefault(export.to, declared)
        if other is declared:
            continue
        values = {"name": declared.name, "other": other.name, "to": export.to}
        place = program.place(other.value, "to") or other.name_span
        yield Diagnostic(
            "L0556",
            Text("L0556", values),
            program.place(export, "to") or declared.name_span,
            labels=(Label(place, Text("L0556.first", values)),),
            helps=(Text("L0556.help", values),),
        )
