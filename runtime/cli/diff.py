"""`llx diff RUN RUN`: in what two runs differ, and whether their results do by more than noise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import options, output

if TYPE_CHECKING:
    from ...dsl.program import Program
    from ...plugins.intervals import Interval
    from ..comparing import Compared, Means
    from ..differing import Differing
    from ..differing import Side as ValueSide
    from ..report.record import RunRecord, TaskRecord
    from ..store import Store

VERSION = 1
"""Of the JSON."""
_WIDEST = 40


@click.command(
    epilog="RUN is the id of a run or the beginning of it, and an eval of it if it has several (`20261124-10:scores`); `:scores` is"
    " one of the latest run. Example: llx diff :scores :scores_scratch"
)
@click.argument("first", metavar="RUN[:EVAL]")
@click.argument("second", metavar="RUN[:EVAL]")
@options.store
@options.as_json
def command(first: str, second: str, store: Path | None, as_json: bool) -> int:
    from ..comparing import compared, means, side_of
    from .places import open_store
    from .report import used_by

    opened = open_store(store)
    sides = tuple(_Side(opened, given) for given in (first, second))
    one, two = sides
    evals = _pairs(one, two)
    registry = used_by((one.record.text or "") + "\n" + (two.record.text or ""))
    found = {
        (a.label, b.label): compared(
            side_of(opened, a.fingerprint, a.facts), side_of(opened, b.fingerprint, b.facts), registry
        )
        for a, b in evals
    }
    theirs = {task.label: task for task in two.record.tasks.values()}
    swept = [
        row
        for task in one.record.tasks.values()
        if task.label in theirs and not (one.named or two.named)
        for row in means(task.label, task.facts, theirs[task.label].facts)
    ]
    values = _values(one, two, evals)
    if as_json:
        _write_json(sides, values, found, swept)
    else:
        _write(sides, values, found, swept)
    return 0 if swept or any(row.word != "incomparable" for rows in found.values() for row in rows) else 1


class _Side:
    """A run as it was named, and the eval of it that is meant."""

    def __init__(self, store: Store, given: str) -> None:
        from .places import read_run, run_folder

        run, _, self.named = given.partition(":")
        self.record: RunRecord = read_run(store, run_folder(store.folder, run or None))

    def evals(self) -> dict[str, TaskRecord]:
        """Give the tasks that measured something, by label: the one that was named, if one was."""
        from ..words import say

        found = {task.label: task for task in self.record.tasks.values() if task.facts.get("metrics")}
        if self.named:
            if self.named not in found:
                raise click.UsageError(say("cli.diff.no_eval", name=self.named, run=self.record.run, names=list(found)))
            return {self.named: found[self.named]}
        return found

    def program(self) -> Program | None:
        from ..replay import program_of

        record = self.record
        if record.text is None:
            return None
        return program_of(record.text, record.file, Path(record.root), record.params)


def _pairs(one: _Side, two: _Side) -> list[tuple[TaskRecord, TaskRecord]]:
    from ..comparing import pairs_of

    first, second = one.evals(), two.evals()
    return [(first[a], second[b]) for a, b in pairs_of(list(first), list(second))]


def _values(one: _Side, two: _Side, evals: list[tuple[TaskRecord, TaskRecord]]) -> list[Differing] | None:
    """Give the values that differ; None if the text of a run can't be checked any more."""
    from ...plugins.component import Task
    from ..differing import differing

    programs = one.program(), two.program()
    first, second = programs
    if first is None or second is None:
        return None
    declared = [{name: one.value for name, one in program.everything.items()} for program in (first, second)]
    pairs = [(declared[0].get(a.label), declared[1].get(b.label)) for a, b in evals]
    if not pairs:
        pairs = [(value, declared[1].get(name)) for name, value in declared[0].items()]
    both = [(a, b) for a, b in pairs if isinstance(a, Task) and isinstance(b, Task)]
    return differing((first, second), both)


def _write(
    sides: tuple[_Side, ...],
    values: list[Differing] | None,
    found: dict[tuple[str, str], list[Compared]],
    swept: list[Means],
) -> None:
    from ..words import say

    for letter, side in zip("AB", sides, strict=True):
        named = f":{side.named}" if side.named else ""
        click.echo(
            f"{letter}  {output.style(side.record.experiment, bold=True)}  {side.record.run}{named}  {side.record.file}"
        )
    if values is None:
        click.echo("\n" + say("cli.diff.no_values"))
    elif not values:
        click.echo("\n" + say("cli.diff.same_values"))
    else:
        click.echo("\n" + say("cli.diff.values") + "\n" + output.table(_value_rows(values)))
    for labels, rows in found.items():
        name = labels[0] if labels[0] == labels[1] else " / ".join(labels)
        heads = [name, "A", "B", say("cli.diff.difference"), say("cli.results.interval"), "p", ""]
        lines = [[output.style(head, dim=True) for head in heads], *map(_metric_row, rows)]
        click.echo("\n" + output.table(lines, right=[1, 2, 3, 4, 5]))
        for reason in dict.fromkeys(reason for row in rows if (reason := _reason(row))):
            click.echo("  " + reason)
    if swept:
        heads = [say("cli.diff.means"), "", "A", "B", say("cli.diff.difference"), "p", ""]
        click.echo("\n" + output.table([heads, *map(_mean_row, swept)], right=[2, 3, 4, 5]))
    if not found and not swept:
        click.echo("\n" + say("cli.diff.nothing"))


def _value_rows(values: list[Differing]) -> list[list[str]]:
    rows, last = [], ("", "")
    for one in values:
        task = one.task[0] if one.task[0] == one.task[1] else " / ".join(one.task)
        rows.append([task if one.task != last else "", one.path, *_side(one.first), "→", *_side(one.second)])
        last = one.task
    return rows


def _side(side: ValueSide | None) -> list[str]:
    from .describe import of_field

    if side is None:
        return ["–", ""]
    shown = side.shown if len(side.shown) <= _WIDEST else side.shown[: _WIDEST - 1] + "…"
    return [shown, output.style(" ".join(part for part in of_field(side.origin) if part), dim=True)]


def _metric_row(row: Compared) -> list[str]:
    from ..listeners.figures import value
    from ..words import say

    sides = ["–" if one is None else f"{value(one.value)} {one.range}".strip() for one in (row.first, row.second)]
    word = say(f"cli.diff.{row.word}")
    if row.first is None or row.second is None:
        return [row.title, *sides, "", "", "", word]
    difference = f"{row.second.value - row.first.value:+.4g}" if row.word != "incomparable" else ""
    if row.difference is None:
        return [row.title, *sides, difference, "", "", word]
    return [row.title, *sides, difference, _range(row.difference.interval), _p(row.difference.p), word]


def _mean_row(row: Means) -> list[str]:
    from ..words import say

    assert row.first.mean is not None
    assert row.second.mean is not None
    difference = f"{row.second.mean - row.first.mean:+.4g}"
    cells = [row.sweep, f"{row.title} {row.label}", row.first.shown, row.second.shown, difference, _p(row.p)]
    return [*cells, say(f"cli.diff.{row.word}")]


def _reason(row: Compared) -> str:
    from ..words import say, say_text

    return "" if row.reason is None else say("cli.diff.unpaired", metric=row.name, reason=say_text(row.reason))


def _range(interval: Interval | None) -> str:
    return "" if interval is None else f"[{interval[0]:+.4g}, {interval[1]:+.4g}]"


def _p(p: float | None) -> str:
    return "" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def _write_json(
    sides: tuple[_Side, ...],
    values: list[Differing] | None,
    found: dict[tuple[str, str], list[Compared]],
    swept: list[Means],
) -> None:
    import json

    from ..listeners.json_lines import plain

    data = {
        "version": VERSION,
        "runs": [{"run": side.record.run, "eval": side.named or None} for side in sides],
        "values": None if values is None else list(map(_value_data, values)),
        "evals": [
            {"first": first, "second": second, "metrics": list(map(_metric_data, rows))}
            for (first, second), rows in found.items()
        ],
        "sweeps": [
            {
                "sweep": row.sweep,
                "objective": row.title,
                "trial": row.label,
                "first": {"mean": row.first.mean, "values": list(row.first.values)},
                "second": {"mean": row.second.mean, "values": list(row.second.values)},
                "p": row.p,
                "verdict": row.word,
            }
            for row in swept
        ],
    }
    click.echo(json.dumps(plain(data), ensure_ascii=False, indent=2))


def _value_data(one: Differing) -> dict[str, Any]:
    def side(given: ValueSide | None) -> dict[str, Any] | None:
        if given is None:
            return None
        span = given.origin.span
        place = None if span is None else {"file": span.source.name, "line": span.line, "column": span.column}
        return {"shown": given.shown, "origin": given.origin.sort, "place": place}

    return {"tasks": list(one.task), "path": one.path, "first": side(one.first), "second": side(one.second)}


def _metric_data(row: Compared) -> dict[str, Any]:
    from ..words import say_text

    found = row.difference
    return {
        "name": row.name,
        **{
            name: None if one is None else {"value": one.value, "interval": one.interval}
            for name, one in (("first", row.first), ("second", row.second))
        },
        "paired": found is not None,
        "difference": None if found is None else found.value,
        "interval": None if found is None else found.interval,
        "p": None if found is None else found.p,
        "units": None if found is None else found.units,
        "verdict": row.word,
        "reason": None if row.reason is None else say_text(row.reason),
    }
