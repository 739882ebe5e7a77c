"""Exports of one file don't overwrite each other."""

from __future__ import annotations

from ....dsl.program import Program
from ...findings import Also, Findings
from ...tasks import Export


def shared_folders(program: Program, findings: Findings) -> None:
    """L0556: an export into a folder that an earlier one writes into."""
    first: dict[str, Export] = {}
    for export in findings.every(Export):
        other = first.setdefault(export.to, export)
        if other is not export:
            values = {"name": findings.label(export), "other": findings.label(other), "to": export.to}
            findings.error(export, "to", "L0556", values, labels=[Also(other, "to", "L0556.first")])
