"""The trials of a sweep side by side, as they stand among its facts: best first, with mean and deviation over seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...dsl.diagnostics.model import Text
from ...dsl.diagnostics.width import width
from ...plugins.halving import cut_text
from ...plugins.show import show
from ..words import recorded_text, say, say_text
from .facts import ARROWS
from .figures import value

Results = Iterable[tuple[str, Mapping[str, Any]]]
"""Labels of tasks and their facts, in order."""


@dataclass(frozen=True, slots=True)
class Row:
    """Equal params, and what came of them with each seed."""

    params: tuple[str, ...]
    """As the language writes them."""
    values: tuple[float, ...]
    mean: float | None
    deviation: float | None
    best: bool
    failures: tuple[str, ...]
    """Why trials failed, each reason once."""
    failed: int
    trials: int
    cut: Text | None = None
    """Where `halving` cut it, and by what."""
    rungs: int = 0
    """The rung of that; 0 for what was trained to its end."""
    behind: float = 0.0
    """How far it was behind the last that went on."""

    @property
    def label(self) -> str:
        return ", ".join(self.params)

    @property
    def shown(self) -> str:
        """Write the mean, and how far the seeds lie from it: `3.214 ± 0.012`."""
        if self.mean is None:
            return "–"
        return value(self.mean) + (f" ± {value(self.deviation)}" if self.deviation is not None else "")

    @property
    def note(self) -> str:
        """Say where it was cut, or what failed."""
        if self.cut is not None:
            return say_text(self.cut)
        if not self.failed:
            return ""
        reason = "; ".join(self.failures)
        if self.failed == self.trials:
            return reason
        return say("cli.sweep.failed", failed=self.failed, trials=self.trials, reason=reason)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a sweep found."""

    params: tuple[str, ...]
    objective: str
    better: str
    rows: tuple[Row, ...]
    """Best first; those without a value last."""
    folds: int = 1
    """The folds that each setting was tried over."""

    @property
    def title(self) -> str:
        """Give the objective with an arrow to where the better values are."""
        return f"{self.objective} {ARROWS.get(self.better, '')}".rstrip()

    @property
    def seeds(self) -> int:
        return max((row.trials for row in self.rows), default=0) // self.folds


def comparison_of(facts: Mapping[str, Any]) -> Comparison | None:
    """Give what a sweep found, if facts are those of one."""
    sweep = facts.get("sweep")
    if not isinstance(sweep, Mapping) or not sweep.get("rows"):
        return None
    rows = [_row(row, number == sweep.get("best"), sweep["trials"]) for number, row in enumerate(sweep["rows"])]
    sign = -1 if sweep["better"] == "higher" else 1
    rows.sort(key=lambda row: (row.mean is None, -row.rungs, row.behind, not row.best, sign * (row.mean or 0.0)))
    folds = max(len({trial.get("fold") for trial in sweep["trials"]}), 1)
    return Comparison(tuple(sweep["rows"][0]["params"]), sweep["objective"], sweep["better"], tuple(rows), folds)


def tables(tasks: Results) -> list[str]:
    """Write the comparisons of all sweeps, each trial a line."""
    lines: list[str] = []
    for label, facts in tasks:
        found = comparison_of(facts)
        if found is not None:
            lines += ["", *_table(label, found)]
    return lines[1:]


def _table(label: str, found: Comparison) -> Iterator[str]:
    key = "cli.sweep.folds" if found.folds > 1 else "cli.sweep.seeds" if found.seeds > 1 else "cli.sweep"
    if len(found.rows) == 1:
        key += ".one"
    yield say(key, label=label, count=len(found.rows), seeds=found.seeds, folds=found.folds)
    cells = [("", *found.params, found.title, "")]
    cells += [("*" if row.best else "", *row.params, row.shown, row.note) for row in found.rows]
    widths = [max(width(line[i]) for line in cells) for i in range(len(cells[0]) - 1)]
    for line in cells:
        left = "  ".join(cell + " " * (w - width(cell)) for cell, w in zip(line, widths, strict=False))
        yield f"  {left}  {line[-1]}".rstrip()


def _row(row: Mapping[str, Any], best: bool, trials: Sequence[Mapping[str, Any]]) -> Row:
    failures = (trials[number].get("failure") for number in row["trials"])
    cut = row.get("cut")
    behind = math.inf if cut and cut["value"] is None else abs(cut["value"] - cut["last"]) if cut else 0.0
    return Row(
        params=tuple(show(given) for given in row["params"].values()),
        values=tuple(row["values"]),
        mean=row["mean"],
        deviation=row["deviation"],
        best=best,
        failures=tuple(dict.fromkeys(recorded_text(failure) for failure in failures if failure)),
        failed=row["failed"],
        trials=len(row["trials"]),
        cut=cut_text(cut) if cut else None,
        rungs=cut["rung"] if cut else 0,
        behind=behind,
    )
