"""The tasks of a sweep's trials as one line: twelve trials are not to be read twelve times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from ...plugins.component import Estimate

if TYPE_CHECKING:
    from ..graph import Node
    from ..plan import Plan, Planned

T = TypeVar("T")


@dataclass(slots=True)
class Group(Generic[T]):
    """What the trials of one sweep call the same, such as their `pretrain`."""

    sweep: str
    role: str
    kind: str
    component: str
    items: list[T] = field(default_factory=list)

    @property
    def label(self) -> str:
        return f"{self.sweep} · {self.role} × {len(self.items)}"


def grouped(items: Iterable[T], node_of: Callable[[T], Node]) -> list[T | Group[T]]:
    """Give items in their order, the tasks of trials together: one group for each sweep and name in it."""
    lines: list[T | Group[T]] = []
    groups: dict[tuple[str, ...], Group[T]] = {}
    for item in items:
        node = node_of(item)
        if not node.sweep:
            lines.append(item)
            continue
        key = (node.sweep, node.role, node.kind, node.component)
        if key not in groups:
            groups[key] = Group(*key)
            lines.append(groups[key])
        groups[key].items.append(item)
    return lines


def named(nodes: Iterable[Node]) -> str:
    """List nodes by their labels, those of trials together."""
    return ", ".join(one.label for one in grouped(nodes, lambda node: node))


def to_run(group: Group[Planned]) -> list[Planned]:
    """Give the tasks of a group that aren't stored."""
    return [task for task in group.items if not task.line().stored]


def together(group: Group[Planned], estimates: Mapping[str, Estimate]) -> Estimate | None:
    """Give what the tasks of a group that run will cost: operations and bytes in sum, memory at its peak."""
    known = [estimates[task.node.label] for task in to_run(group) if task.node.label in estimates]
    if not known:
        return None
    flops = [one.flops for one in known if one.flops is not None]
    disks = [one.disk for one in known if one.disk is not None]
    return Estimate(
        flops=sum(flops) if len(flops) == len(known) else None,
        disk=sum(disks) if len(disks) == len(known) else None,
        memory=max((one.memory or 0 for one in known), default=0) or None,
    )


def trials_of(plan: Plan, task: Planned) -> tuple[int, int] | None:
    """Give how many trials of a sweep have run and how many there are; None for what is no sweep."""
    from ...plugins.component import references
    from ...plugins.sweeps import Sweep

    sweep = task.node.task
    if not isinstance(sweep, Sweep):
        return None
    stored = {one.node for one in plan.tasks if one.line().stored}
    done = sum(all(plan.graph.find(needed) in stored for needed in references(trial)) for trial in sweep.made)
    return done, len(sweep.made)
