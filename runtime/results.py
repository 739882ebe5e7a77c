"""What check, plan and run give back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..dsl.diagnostics.model import Diagnostic
from ..dsl.program import Program
from ..plugins.registry import Registry

if TYPE_CHECKING:
    from ..plugins.component import Estimate
    from .cost import Totals
    from .events import TaskLine
    from .plan import Plan


@dataclass(slots=True)
class CheckResult:
    """What a check found; `program` is None if there is an error."""

    path: Path
    root: Path
    program: Program | None
    diagnostics: list[Diagnostic]
    registry: Registry

    @property
    def ok(self) -> bool:
        return not any(diagnostic.is_error for diagnostic in self.diagnostics)

    @property
    def exit_code(self) -> int:
        return 0 if self.ok else 1


@dataclass(slots=True)
class PlanResult:
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


@dataclass(slots=True)
class RunResult:
    """How a run went. `result["scores"].metrics` are the numbers of a task by its name or label."""

    checked: CheckResult
    diagnostics: list[Diagnostic]
    state: str = "failed"
    """finished, failed or interrupted."""
    exit_code: int = 1
    tasks: dict[str, TaskResult] = field(default_factory=dict)
    """What is stored now, by label."""
    id: str = ""
    folder: Path | None = None
    """The run's folder (events, traceback, report); that of the last run that did something, if this one did nothing."""
    ran: int = 0
    traceback: Path | None = None

    @property
    def ok(self) -> bool:
        return self.state == "finished"

    def __getitem__(self, name: str) -> TaskResult:
        return self.tasks[name]
