"""What check, plan and run give back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..dsl.diagnostics.model import Diagnostic
from ..dsl.diagnostics.summary import summary
from ..dsl.program import Program
from ..dsl.source import Source
from ..plugins.registry import Registry
from .mode import Mode

if TYPE_CHECKING:
    from ..plugins.component import Estimate
    from .cost import Totals
    from .events import TaskLine
    from .expects import Verdict
    from .plan import Plan


class _Told:
    """Shows a result as people read it: `print(result)` gives its diagnostics, and what came out."""

    __slots__ = ()
    diagnostics: list[Diagnostic]

    def _summary(self) -> str:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._summary()}>"

    def __str__(self) -> str:
        from ..dsl.diagnostics import plain

        return f"{plain.show(self.diagnostics)}\n{self._summary()}" if self.diagnostics else self._summary()


@dataclass(slots=True, repr=False)
class CheckResult(_Told):
    """What a check found; `program` is None if there is an error."""

    path: Path
    root: Path
    program: Program | None
    diagnostics: list[Diagnostic]
    registry: Registry
    source: Source | None = None
    """What was checked; None if it could not be read."""

    @property
    def ok(self) -> bool:
        return not any(diagnostic.is_error for diagnostic in self.diagnostics)

    @property
    def exit_code(self) -> int:
        return 0 if self.ok else 1

    def _summary(self) -> str:
        return f"{self.path}: ok" if self.ok else _failed(self)


@dataclass(slots=True, repr=False)
class PlanResult(_Told):
    """What a run would do: its tasks in order, with reasons and costs."""

    checked: CheckResult
    diagnostics: list[Diagnostic]
    plan: Plan | None = None
    estimates: dict[str, Estimate] = field(default_factory=dict)
    """What the tasks to run will cost, by label."""
    totals: Totals | None = None

    @property
    def ok(self) -> bool:
        return not any(diagnostic.is_error for diagnostic in self.diagnostics)

    @property
    def exit_code(self) -> int:
        return 0 if self.ok else 1

    def _summary(self) -> str:
        stored = sum(task.stored for task in self.tasks)
        return f"{self.checked.path}: {len(self.tasks)} tasks, {stored} stored" if self.ok else _failed(self)

    @property
    def tasks(self) -> tuple[TaskLine, ...]:
        return self.plan.lines() if self.plan else ()


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What a task made: its artifact's folder and its facts."""

    label: str
    kind: str
    component: str
    fingerprint: str
    ran: bool
    """Whether it ran now, and was not stored before."""
    path: Path
    facts: Mapping[str, Any]

    @property
    def metrics(self) -> Mapping[str, float]:
        found: Mapping[str, float] = self.facts.get("metrics", {})
        return found


@dataclass(slots=True, repr=False)
class RunResult(_Told):
    """How a run went. `result["scores"].metrics` are the numbers of a task by its name or label."""

    checked: CheckResult
    diagnostics: list[Diagnostic]
    state: str = "failed"
    """finished, failed or interrupted."""
    exit_code: int = 1
    tasks: dict[str, TaskResult] = field(default_factory=dict)
    """What is stored now, by label."""
    expects: dict[str, Verdict] = field(default_factory=dict)
    """What became of each expectation, by name; empty if the run was interrupted."""
    id: str = ""
    folder: Path | None = None
    """The run's folder (events, traceback, report); that of the last run that did something, if this one did nothing."""
    mode: Mode = Mode.REAL
    exports: Path | None = None
    """The folder that the places of exports are relative to: the project's root, but for smoke runs."""
    ran: int = 0
    traceback: Path | None = None
    locked: bool = False
    """Whether it had to run with the versions of `llx.lock`, which it then leaves as they are."""

    @property
    def ok(self) -> bool:
        return self.state == "finished"

    def _summary(self) -> str:
        return f"{self.checked.path}: {self.state}, {self.ran} tasks ran, {len(self.tasks)} are stored"

    def __getitem__(self, name: str) -> TaskResult:
        if name not in self.tasks:
            raise KeyError(f"there is no stored task {name!r}; there are: {', '.join(self.tasks) or 'none'}")
        return self.tasks[name]


def _failed(result: CheckResult | PlanResult) -> str:
    path = result.path if isinstance(result, CheckResult) else result.checked.path
    return f"{path}: {summary(result.diagnostics)}"
