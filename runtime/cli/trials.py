"""What a plan says of a sweep's trials: how many have run, and what the others cost together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...plugins.component import Estimate

if TYPE_CHECKING:
    from ..plan import Plan, Planned
    from ..trials import Group


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
