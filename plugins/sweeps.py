"""Sweeps: the same file with other params, again and again, and which of them was best.

The trials are made by the language before anything runs (see dsl/resolve/sweeps.py): a sweep says which params they
get, is told what each is judged by, and compares them once they have run.
"""

from __future__ import annotations

import json
import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from ..dsl.catalogue import Assignment
from ..dsl.diagnostics.model import Text
from ..dsl.formula import Formula, Output, Undefined
from ..dsl.quantities import Quantity
from ..dsl.types import MODULE, Artifact
from .component import Choice, Component, Facts, Known, Place, Task, TaskFailed, references
from .derived import RowsUsed
from .fields import Fraction, ListsOrDraws, NumberFormula, hidden, per_trial
from .halving import Rung, ask, check_halving, cuts_of, made_rungs, stage_of
from .numbers import Lacking, number_of
from .recorded import recorded

if TYPE_CHECKING:
    from .work import Work


class Distribution(Component):
    """Numbers to be drawn."""

    kind: ClassVar[str] = "distribution"

    @abstractmethod
    def at(self, share: float) -> int | float:
        """Give the number below which that share (0 to 1) of the distribution lies."""


class Trial(Component):
    """One trial of a sweep, as the language made it."""

    kind: ClassVar[str] = "trial"
    name: ClassVar[str] = "trial"

    params: dict[str, Any]
    seed: int | None = None
    fold: int | None = None
    objective: Any


class Sweep(Task):
    """Trials of the file with other params.

    Facts: `trials` and `failed` count them, `best` is the best value, and `sweep` holds the comparison (`comparison`).
    """

    kind: ClassVar[str] = "sweep"
    final: ClassVar[bool] = True
    tolerant: ClassVar[bool] = True

    over: ListsOrDraws = per_trial({}, "Params of the file, each with what it takes")
    folds: int = Field(
        1, ge=1, description="In how many folds `folds` cuts the data, each of which is held out in turn"
    )
    seeds: int = Field(1, ge=1, description="How many seeds each trial runs with: that of the experiment, the next, …")
    halving: int | None = Field(
        None,
        ge=2,
        description="How many settings one is kept of, again and again, until the budget is used; none is all",
    )
    min_budget: Fraction | None = Field(
        None, description="The part of the budget that `halving` gives each setting at least; none is 10%"
    )
    minimise: NumberFormula | None = per_trial(None, "The number that is least in the best trial")
    maximise: NumberFormula | None = per_trial(None, "The number that is greatest in the best trial")
    made: list[Trial] = hidden([])
    """Its trials."""
    objective: str = hidden("")
    """The formula as it is written."""

    @abstractmethod
    def points(self) -> Iterator[dict[str, Any]]:
        """Give the params of each trial, from the fields alone."""

    @property
    def better(self) -> Literal["lower", "higher"]:
        return "lower" if self.minimise is not None else "higher"

    def assignments(self) -> list[Assignment]:
        """Give what each trial changes in the file: params, and the fold and the seed of the experiment."""
        folds = range(1, self.folds + 1) if self.folds > 1 else [0]
        return [
            Assignment(point, offset, fold) for point in self.points() for fold in folds for offset in range(self.seeds)
        ]

    @property
    def rows(self) -> list[list[Trial]]:
        """Give its trials by their setting: those of one differ in fold and seed."""
        size = self.folds * self.seeds
        return [self.made[at : at + size] for at in range(0, len(self.made), size)]

    @cached_property
    def rungs(self) -> list[Rung]:
        """Give where `halving` cuts its settings, in order."""
        if self.halving is None or not self.made:
            return []
        stages = [[stage_of(trial.objective) for trial in row] for row in self.rows]
        return made_rungs(stages, self.halving, self.min_budget)

    def prepare(self) -> dict[str, Task]:
        return {f"rung {rung.number}": rung for rung in self.rungs}

    def asks(self, known: Known) -> Choice | None:
        if not self.rungs:
            return None
        needed = [[reference for trial in row for reference in trial.objective.references] for row in self.rows]
        return ask(self.rungs[-1], needed, self.rungs, known)

    def outputs(self) -> dict[str, Artifact]:
        return {"table": Artifact("table"), "best": Artifact(MODULE)}

    def check(self, place: Place) -> None:
        if self.minimise is None and self.maximise is None:
            place.error(None, "L0571", {}, help="L0571.help")
        elif self.minimise is not None and self.maximise is not None:
            place.error("maximise", "L0571.both", {}, help="L0571.help")
        if not self.over and self.folds == self.seeds == 1:
            place.error(None, "L0796")
        elif self.folds > 1 and self.made:
            self._check_folds(place)
        check_halving(self.halving, self.min_budget, [[one.objective for one in row] for row in self.rows], place)

    def _check_folds(self, place: Place) -> None:
        """Report trials that no data cuts into folds, or into others."""
        waiting = [reference.task for reference in self.made[0].objective.references]
        seen = {id(task) for task in waiting}
        cut = []
        for task in waiting:
            cut += [task] if "fold" in task.settings else []
            new = [reference.task for reference in references(task) if id(reference.task) not in seen]
            seen |= {id(other) for other in new}
            waiting += new
        if not cut:
            place.error("folds", "L0796.folds", {"objective": self.objective})
        for task in cut:
            if (given := getattr(task, "folds", self.folds)) != self.folds:
                place.error("folds", "L0795", {"folds": self.folds, "data": task.name, "given": given})

    def uses(self) -> Iterator[RowsUsed]:
        # What is measured in a trial is what the best one is chosen by.
        for field in ("minimise", "maximise"):
            formula: Formula | None = getattr(self, field)
            for reference in formula.references if formula is not None else ():
                for use in reference.task.uses():
                    if use.purpose == "measure":
                        yield RowsUsed(use.data, "select", use.split, field)

    def winner(self, facts: Facts) -> int:
        """Give the number of the best trial, from the facts of a run."""
        return int(facts["sweep"]["winner"])

    def run(self, work: Work) -> Facts:
        cuts = cuts_of(self.rungs[-1], lambda rung: work.input(rung).facts) if self.rungs else {}
        results = [
            _about(trial) | cuts[number] if number in cuts else _result(trial, work)
            for number, row in enumerate(self.rows)
            for trial in row
        ]
        compared = comparison(results, self.objective, self.better)
        if "winner" not in compared:
            reasons = [result["failure"] for result in results if "failure" in result]
            first = reasons[0].get("text", "") if reasons else ""
            raise TaskFailed("L0572", {"count": len(results), "reason": first}, help="L0572.help")
        (work.directory / "table.json").write_text(
            json.dumps(compared, ensure_ascii=False, indent=1, allow_nan=False), encoding="utf-8"
        )
        failed = sum("failure" in result for result in results)
        best = compared["rows"][compared["best"]]["mean"]
        counts = {"trials": len(results)} | ({"failed": failed} if failed else {})
        counts |= {"cut": len(cuts)} if cuts else {}
        return {**counts, "best": best, "sweep": compared}


def comparison(results: Sequence[Mapping[str, Any]], objective: str, better: str) -> dict[str, Any]:
    """Compare trials: one row for equal params, with mean and standard deviation over their folds and seeds.

    The best row is the one with the best mean. Rows of which no trial failed come before those with a hole. The
    winner is the first trial of the best row that didn't fail: with the experiment's own seed if it can be, which is
    no better than the others for having been lucky. Those that were cut have no value (see halving.py).
    """
    rows: list[dict[str, Any]] = []
    for number, result in enumerate(results):
        row = next((row for row in rows if row["params"] == result["params"]), None)
        if row is None:
            row = {"params": dict(result["params"]), "trials": [], "values": [], "failed": 0}
            rows.append(row)
        row["trials"].append(number)
        if "failure" in result:
            row["failed"] += 1
        elif "cut" in result:
            row["cut"] = result["cut"]
        else:
            row["values"].append(result["value"])
    for row in rows:
        row["mean"], row["deviation"] = _mean_and_deviation(row["values"])
    table: dict[str, Any] = {"objective": objective, "better": better, "trials": [*map(dict, results)], "rows": rows}
    sign = 1 if better == "lower" else -1
    finished = [n for n, row in enumerate(rows) if row["values"]]
    if finished:
        best = min(finished, key=lambda n: (rows[n]["failed"] > 0, sign * rows[n]["mean"], n))
        table["best"] = best
        table["winner"] = next(n for n in rows[best]["trials"] if "failure" not in results[n])
    return table


def _mean_and_deviation(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Give mean and sample standard deviation, None where there are too few values."""
    if not values:
        return None, None
    mean = math.fsum(values) / len(values)
    if len(values) < 2:
        return mean, None
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _about(trial: Trial) -> dict[str, Any]:
    """Give what tells a trial from the others."""
    about: dict[str, Any] = {"params": {name: _plain(value) for name, value in trial.params.items()}}
    if trial.seed is not None:
        about["seed"] = trial.seed
    if trial.fold is not None:
        about["fold"] = trial.fold
    return about


def _result(trial: Trial, work: Work) -> dict[str, Any]:
    """Give what came of a trial: its value, or why it has none."""
    about = _about(trial)
    for reference in trial.objective.references:
        if (reason := work.failure(reference)) is not None:
            return about | {"failure": recorded(reason)}
    value = trial.objective.evaluate(lambda output: _number(output, work))
    if isinstance(value, Undefined):
        return about | {"failure": recorded(value.reason)}
    number = float(value.magnitude if isinstance(value, Quantity) else value)
    if not math.isfinite(number):
        return about | {"failure": recorded(Text("sweep.not_finite", {"value": str(number)}))}
    return about | {"value": number}


def _number(output: Output, work: Work) -> int | float | Quantity | Undefined:
    """Give the number that a task of a trial put out."""
    found = number_of(output, work.input(output.reference).facts)
    return Undefined(Text("sweep.missing", {"name": output.text}), output) if isinstance(found, Lacking) else found


def _plain(value: Any) -> Any:
    from .show import show

    return value if isinstance(value, int | float | str) and not isinstance(value, bool) else show(value)
