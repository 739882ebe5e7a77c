"""The tasks of a sweep's trials as one line: twelve trials are not to be read twelve times."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from .graph import Node

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
