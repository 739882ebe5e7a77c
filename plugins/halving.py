"""Successive halving: all settings of a sweep get a part of the budget, the best of them the next part, and so on.

Jamieson and Talwalkar 2016 (arXiv:1502.07943). A rung is where settings are cut. What a stage has come to by then is
kept, and the next part goes on from there: no step is taken twice, and the schedule is that of the full budget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ..dsl.diagnostics.model import Text
from ..dsl.formula import Formula
from ..dsl.program import Reference
from ..dsl.record import replace
from ..dsl.types import Artifact
from .canonical import describe, text_of
from .component import Choice, Component, Facts, Known, Place, Task, references
from .fields import hidden
from .recorded import recorded
from .tasks import Stage

if TYPE_CHECKING:
    from .work import Work

MIN_BUDGET = 0.1
"""The part of the budget that each setting gets at least, if the sweep says nothing else."""

Row = list[Reference]
"""The stages of one setting: one for each fold and seed."""


def rungs_of(count: int, factor: int, least: float) -> list[tuple[float, int]]:
    """Give the rungs for so many settings: the share of the budget, and how many go on; none if there are too few.

    One in `factor` goes on, with `factor` times the budget, and those that are left get all of it.
    """
    depth = 0
    while count // factor ** (depth + 1) >= 1 and factor ** -(depth + 1) >= least - 1e-9:
        depth += 1
    return [(factor ** -(depth - number), count // factor ** (number + 1)) for number in range(depth)]


def made_rungs(rows: Sequence[Row], factor: int, least: float | None) -> list[Rung]:
    """Give the rungs of a sweep, from the stages of its settings."""
    rungs: list[Rung] = []
    for share, keep in rungs_of(len(rows), factor, MIN_BUDGET if least is None else least):
        stages = [replace(one, task=one.task.model_copy(update={"until": share})) for row in rows for one in row]
        before = rungs[-1].default() if rungs else None
        made = Rung(number=len(rungs) + 1, share=share, keep=keep, stages=stages, each=len(rows[0]), before=before)
        rungs.append(made)
    return rungs


class Rung(Task):
    """Tell which settings of a sweep go on: the best by what their stages select by, in the mean over folds and seeds.

    Facts: `share` of the budget, `kept`, the numbers of those that go on, and `rows`, for each that came so far its
    `row`, its `value` (None if it has none) and, where a stage of it failed, the `failure`; `last` is the value of the last
    that goes on.
    """

    kind: ClassVar[str] = "rung"
    name: ClassVar[str] = "rung"
    tolerant: ClassVar[bool] = True

    number: int = hidden(...)
    share: float = hidden(...)
    keep: int = hidden(...)
    """How many go on at most."""
    stages: list[Reference] = hidden(...)
    """Those that pause here, of all settings."""
    each: int = hidden(1)
    """How many a setting has, one for each fold and seed."""
    before: Reference | None = hidden(None)

    def outputs(self) -> dict[str, Artifact]:
        return {"rung": Artifact("rung")}

    @property
    def rows(self) -> list[Row]:
        return [self.stages[at : at + self.each] for at in range(0, len(self.stages), self.each)]

    @property
    def earlier(self) -> Rung | None:
        return self.before.task if self.before is not None else None

    def possible(self, known: Known) -> list[int]:
        """Give the numbers of the settings that may come so far."""
        if self.earlier is None:
            return [*range(len(self.rows))]
        facts = known(self.earlier)
        return facts["kept"] if facts is not None else self.earlier.possible(known)

    def asks(self, known: Known) -> Choice | None:
        if self.earlier is None:
            return None
        return ask(self.earlier, self.rows, [self.earlier], known)

    def run(self, work: Work) -> Facts:
        all_ = self.rows
        come = range(len(all_)) if self.earlier is None else work.input(self.earlier).facts["kept"]
        rows, higher = [], False
        for number in come:
            found: dict[str, Any] = {"row": number, "value": None}
            failures = [reason for stage in all_[number] if (reason := work.failure(stage)) is not None]
            facts = [work.input(stage).facts for stage in all_[number]] if not failures else []
            if failures:
                found["failure"] = recorded(failures[0])
            elif all(one["value"] is not None for one in facts):
                found["value"] = sum(one["value"] for one in facts) / len(facts)
            higher = higher or any(one["better"] == "higher" for one in facts)
            rows.append(found)
        able = [row for row in rows if row["value"] is not None]
        able.sort(key=lambda row: -row["value"] if higher else row["value"])  # of equal ones the first
        kept = able[: self.keep]
        numbers = sorted(row["row"] for row in kept)
        return {"share": self.share, "kept": numbers, "rows": rows, "last": kept[-1]["value"] if kept else None}


def ask(before: Rung, rows: Sequence[Sequence[Reference]], rungs: Sequence[Rung], known: Known) -> Choice:
    """Give what is asked for behind a rung, of what the settings have: that of those which go on."""
    facts = known(before)
    if facts is None:
        return Choice([before], [rows[number] for number in before.possible(known)], before.keep)
    cuts = cuts_of(before, known)
    spared = [(one, cut_text(found["cut"])) for row, found in cuts.items() if "cut" in found for one in rows[row]]
    return Choice([*rungs, *(one for number in facts["kept"] for one in rows[number])], spared=spared)


def cuts_of(last: Rung, known: Known) -> dict[int, dict[str, Any]]:
    """Give the settings that went no further than a rung or one before it: as `cut` where and why, or the `failure`."""
    cuts = cuts_of(last.earlier, known) if last.earlier is not None else {}
    facts = known(last)
    assert facts is not None, "rungs are made before what asks for them"
    for row in facts["rows"]:
        if "failure" in row:
            cuts[row["row"]] = {"failure": row["failure"]}
        elif row["row"] not in facts["kept"]:
            cut = {"rung": last.number, "share": facts["share"], "value": row["value"], "last": facts["last"]}
            cuts[row["row"]] = {"cut": cut}
    return cuts


def stages_of(objective: Formula) -> list[Reference]:
    """Give the stages that a trial is judged by, under its settings: the nearest on each way back."""
    found: dict[tuple[int, int], Reference] = {}
    waiting = [*objective.references]
    seen = set()
    while waiting:
        one = waiting.pop()
        key = (id(one.task), id(one.settings))
        if key in seen:
            continue
        seen.add(key)
        if isinstance(one.task, Stage):
            found[key] = one
        else:
            below = references(one.task)
            waiting += [replace(each, settings=each.settings or one.settings) for each in below]
    return [*found.values()]


def stage_of(objective: Formula) -> Reference:
    """Give the one stage of a trial that is cut short."""
    [stage] = stages_of(objective)
    return stage


def cut_text(cut: Mapping[str, Any]) -> Text:
    """Say where a setting was cut, and by what."""
    share = f"{cut['share']:.0%}"
    if cut["value"] is None:
        return Text("sweep.cut.none", {"share": share})
    return Text("sweep.cut", {"share": share, "value": f"{cut['value']:.4g}", "last": f"{cut['last']:.4g}"})


def check_halving(factor: int | None, least: float | None, rows: Sequence[Sequence[Formula]], place: Place) -> None:
    """Report settings that can't be cut."""
    if factor is None:
        if least is not None:
            place.error("min_budget", "L0798.alone")
        return
    if not rows:
        return
    rungs = rungs_of(len(rows), factor, MIN_BUDGET if least is None else least)
    if not rungs:
        values = {"count": len(rows), "factor": factor, "share": f"{1 / factor:.0%}"}
        place.error("halving", "L0798", values)
        return
    selects = set()
    for objective in (one for row in rows for one in row):
        stages = stages_of(objective)
        if len(stages) != 1:
            place.error("halving", "L0798.stage", {"objective": str(objective), "count": len(stages)})
            return
        problem = _problem(stages[0].task, rungs[0][0])
        if problem is not None:
            place.error("halving", problem.key, problem.values)
            return
        select = getattr(stages[0].task, "select", None)
        selects.add(text_of(describe(select)) if isinstance(select, Component) else "")
    if len(selects) > 1:
        place.error("halving", "L0798.select")


def _problem(stage: Stage, share: float) -> Text | None:
    """Tell why a stage can't pause after a share of its budget."""
    if not any(used.purpose == "select" for used in stage.uses()):
        return Text("L0798.validation", {"stage": stage.name})
    if not stage.budgets or any(budget.dimension == "time" for budget in stage.budgets):
        return Text("L0799", {"budget": " / ".join(str(budget) for budget in stage.budgets) or "–"})
    every, budget = getattr(stage, "validate_", None), stage.budgets[0]
    if every is None or len(stage.budgets) > 1 or every.dimension != budget.dimension:
        return None
    if every.magnitude <= share * budget.magnitude * (1 + 1e-9):
        return None
    return Text("L0799.validate", {"every": str(every), "share": f"{share:.0%}", "budget": str(budget)})
