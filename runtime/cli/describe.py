"""`llx describe FILE [NAME]`: the evaluated experiment, with the origin of every value."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import options, output

if TYPE_CHECKING:
    from ...dsl.origins import FieldOrigin, Step
    from ...dsl.program import Program
    from ...dsl.source import Span
    from ..describe import Entry, Part, Value

VERSION = 1
"""Of the JSON."""

_WIDEST = 60
"""Characters of a value in the table; JSON has all of it."""


@click.command(epilog="Example: llx describe reviews.llx pretrain width=512")
@options.traceback
@options.file
@click.argument("words", nargs=-1, metavar="[NAME]... [NAME=VALUE]...", shell_complete=options.complete_words)
@options.store
@options.as_json
def command(file: Path, words: tuple[str, ...], store: Path | None, as_json: bool) -> int:
    from .. import cost
    from ..describe import describe
    from ..face import plan

    names = [word for word in words if "=" not in word]
    result = plan(file, store=store, params=[word for word in words if "=" in word])
    output.report(result.diagnostics)
    program = result.checked.program
    if program is None:
        return result.exit_code
    facts = cost.KnownFacts(result.plan.graph, result.plan.store) if result.plan is not None else None
    parts = _chosen(describe(program, facts), names)
    if as_json:
        import json

        click.echo(json.dumps(_data(program, parts), ensure_ascii=False, indent=2))
    else:
        click.echo(page(program, parts))
    return result.exit_code


def _chosen(parts: list[Part], names: list[str]) -> list[Part]:
    """Keep the declarations (or params) of some names; all if there are none."""
    from ...dsl.diagnostics.similar import similar
    from ..describe import Part
    from ..words import say

    if not names:
        return parts
    known = [entry.name for part in parts for entry in part.entries]
    known += [step.name for part in parts for step in part.params]
    for name in names:
        if name not in known:
            raise click.UsageError(say("cli.describe.unknown", name=name, names=similar(name, known) or known))
    kept = []
    for part in parts:
        entries = [entry for entry in part.entries if entry.name in names]
        params = [step for step in part.params if step.name in names]
        if entries or params:
            kept.append(Part(part.scope, params, entries))
    return kept


def page(program: Program, parts: list[Part]) -> str:
    """Write an experiment: a block for each declaration, the values and their origins in columns."""
    from ..words import say

    blocks = []
    for part in parts:
        scope = part.scope
        if scope.imported is not None:
            where = say("cli.describe.imported", file=scope.source.name, place=_place(scope.imported))
            blocks.append(f"{output.style(scope.label, bold=True)}   {where}")
        rows = [["param", step.name, "=", _shown(step), *_of_param(step)] for step in part.params]
        if rows:
            blocks.append(output.table(rows, indent=0, gap=1))
        blocks += [_block(entry) for entry in part.entries]
    return "\n\n".join(blocks)


def _block(entry: Entry) -> str:
    head = f"{entry.kind} {output.style(entry.name, bold=True)}"
    if entry.component != entry.kind:
        head += f" = {entry.component}"
    place = output.style(_place(entry.span), dim=True) if entry.span else ""
    lines = [output.style(f"## {line}", dim=True) for line in entry.doc.split("\n") if entry.doc]
    lines.append(f"{head}   {place}".rstrip())
    rows = [row for value in entry.fields for row in _rows(value, 0)]
    return "\n".join([*lines, output.table(rows)]) if rows else "\n".join(lines)


def _rows(value: Value, depth: int) -> list[list[str]]:
    shown = value.shown if len(value.shown) <= _WIDEST else value.shown[: _WIDEST - 1] + "…"
    row = ["  " * depth + value.name, f"= {shown}", *of_field(value.origin)]
    if value.origin.sort in ("default", "derived"):
        row = [output.style(cell, dim=True) for cell in row]
    return [row, *(inner for one in value.within for inner in _rows(one, depth + 1))]


def of_field(origin: FieldOrigin) -> list[str]:
    """Give the place of a value, and the sort of its origin with what is behind it."""
    from ..words import say

    said = say(f"cli.origin.{origin.sort}")
    if origin.sort in ("param", "let"):
        first, *rest = origin.steps
        said = _step(first)
    else:
        rest = list(origin.steps)
    parts = [said]
    if origin.sort == "with":
        before = _place(origin.before) if origin.before else say("cli.origin.default")
        parts.append(say("cli.describe.within" if origin.within else "cli.describe.before", place=before))
    parts += [_step(step) for step in rest]
    return [_place(origin.span) if origin.span else "", ", ".join(parts)]


def _of_param(step: Step) -> list[str]:
    """Give the place of a param, and where its value comes from."""
    return [_place(step.declared), _how(step)]


def _step(step: Step) -> str:
    from ..words import say

    if step.sort == "let":
        return say("cli.describe.let", name=step.name, place=_place(step.place))
    # No table of params has what a param is in a trial.
    name = f"{step.name} = {_shown(step)}" if step.sweep else step.name
    return say("cli.describe.param", name=name, how=_how(step))


def _how(step: Step) -> str:
    from ..words import say

    return say(f"cli.describe.how.{step.how}", place=_place(step.place), sweep=step.sweep)


def _place(span: Span) -> str:
    return f"{span.source.name}:{span.line}"


def _shown(step: Step) -> str:
    from ...dsl.types import Text
    from ...plugins.show import show

    return step.value if step.kind else show(step.value, Text())


def _data(program: Program, parts: list[Part]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "experiment": program.name,
        "root": str(program.root),
        "files": [
            {
                "module": part.scope.label,
                "file": part.scope.source.name,
                "imported": _where(part.scope.imported),
                "params": [_param_data(step) for step in part.params],
                "declarations": [_entry_data(entry) for entry in part.entries],
            }
            for part in parts
        ],
    }


def _entry_data(entry: Entry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "name": entry.name,
        "component": entry.component,
        "doc": entry.doc,
        "place": _where(entry.span),
        "fields": [_value_data(value) for value in entry.fields],
    }


def _value_data(value: Value) -> dict[str, Any]:
    data: dict[str, Any] = {"name": value.name, "shown": value.shown, "origin": value.origin.sort}
    if value.value is None or isinstance(value.value, bool | int | float | str):
        data["value"] = value.value
    if value.origin.span is not None:
        data["place"] = _where(value.origin.span)
    if value.origin.sort == "with":
        data["before"] = _where(value.origin.before)
    if value.origin.steps:
        data["through"] = [_param_data(step) for step in value.origin.steps]
    if value.within:
        data["fields"] = [_value_data(one) for one in value.within]
    return data


def _param_data(step: Step) -> dict[str, Any]:
    data = {
        "sort": step.sort,
        "name": step.name,
        "shown": _shown(step),
        "how": step.how,
        "place": _where(step.place),
        "declared": _where(step.declared),
    }
    if step.sweep:
        data["sweep"] = step.sweep
    return data


def _where(span: Span | None) -> dict[str, Any] | None:
    if span is None:
        return None
    return {"file": span.source.name, "line": span.line, "column": span.column}
