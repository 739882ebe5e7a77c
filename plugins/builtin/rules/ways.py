"""The way from some rows to their files, as places that a diagnostic shows."""

from __future__ import annotations

from pathlib import Path

from ...baddata import shown_name
from ...findings import Also, Findings
from ...provenance import Portion, Step

_MOST_FILES = 3
_MOST_PLACES = 6


def way(findings: Findings, portion: Portion, until: Step | None = None) -> list[Also]:
    """Give the places on the way from some rows to their file (or to a step): taken over, split off, read.

    Of a long way those at both ends are enough.
    """
    places = []
    for step in portion.way:
        field = step.split if step.split in type(step.task).model_fields else None
        if step.split is not None and (field or step.divides):
            places.append(Also(step.task, field, "leak.split", {"as": step.split}))
        elif step.field is None:
            places.append(Also(step.task, next(iter(step.task.positional), None), "leak.read"))
        elif findings.program.label(step.task):
            places.append(Also(step.task, step.field, "leak.through"))
        if step is until:
            break
    return places if len(places) <= _MOST_PLACES else [*places[: _MOST_PLACES // 2], *places[-_MOST_PLACES // 2 :]]


def files_of(findings: Findings, one: Portion, other: Portion) -> list[str]:
    """Give the names of files that two portions were both read from, the first few."""
    read = [origin if isinstance(origin, tuple) else (origin,) for origin in one.origins & other.origins]
    paths = {part for origin in read for part in origin if isinstance(part, Path)}
    return sorted(shown_name(path, findings.program.root.resolve()) for path in paths)[:_MOST_FILES]
