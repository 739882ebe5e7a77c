"""The tasks of a sweep's trials as one line of a plan: twelve trials are not to be read twelve times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...plugins.component import Estimate

if TYPE_CHECKING:
    from ..graph import Graph
    from ..plan import Plan, Planned


@dataclass(slots=True)
class Group:
    """What the trials of one sweep call the same, such as their `pretrain`."""

    sweep: str
    role: str
    kind: str
    component: str
    tasks: list[Planned] = field(default_factory=list)

    @property
    def label(self) -> str:
        return f"{self.sweep} · {self.role}"

    @property
    def to_run(self) -> list[Planned]:
        return [task for task in self.tasks if not task.line().stored]


def grouped(tasks: Iterable[Planned]) -> list[Planned | Group]:
    """Give the lines of a plan, the tasks of trials under one line for each sweep and name."""
    lines: list[Planned | Group] = []
    groups: dict[tuple[str, ...], Group] = {}
    for task in tasks:
        node = task.node
        if not node.sweep:
            lines.append(task)
            continue
        key = (node.sweep, node.role, node.kind, node.component)
        if key not in groups:
            groups[key] = Group(*key)
            lines.append(groups[key])
        groups[key].tasks.append(task)
    return lines


def together(group: Group, estimates: Mapping[str, Estimate]) -> Estimate | None:
    """Give what the tasks of a group that run will cost: operations and bytes in sum, memory at its peak."""
    known = [estimates[task.node.label] for task in group.to_run if task.node.label in estimates]
    if not known:
        return None
    flops = [one.flops for one in known]
    disks = [one.disk for one in known]
    return Estimate(
        flops=sum(n for n in flops if n is not None) if None not in flops else None,
        disk=sum(n for n in disks if n is not None) if None not in disks else None,
        memory=max((one.memory or 0 for one in known), default=0) or None,
    )


def states(plan: Plan, graph: Graph, task: Planned) -> tuple[int, int] | None:
    """Give how many trials of a sweep have run and how many there are; None for what is no sweep."""
    from ...plugins.component import references
    from ...plugins.sweeps import Sweep

    sweep = task.node.task
    if not isinstance(sweep, Sweep):
        return None
    stored = {one.node for one in plan.tasks if one.line().stored}
    done = sum(all(graph.find(needed) in stored for needed in references(trial)) for trial in sweep.made)
    return done, len(sweep.made)
