"""What tasks ask for that choose among their inputs, as nodes of the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ..dsl.diagnostics.model import Text
from ..plugins.component import Estimate, Facts
from .graph import Graph, Node


@dataclass(frozen=True, slots=True)
class Chosen:
    """A task's `Choice` (plugins/component.py), with nodes in the place of what it names."""

    now: tuple[Node, ...]
    later: tuple[tuple[Node, ...], ...]
    most: int
    spared: Mapping[Node, Text]

    @property
    def most_tasks(self) -> int:
        """Give how many of the nodes of `later` it will ask for at most."""
        return sum(sorted(map(len, self.later), reverse=True)[: self.most])

    @property
    def possible(self) -> tuple[Node, ...]:
        """Give all that it may need yet."""
        return (*self.now, *(node for group in self.later for node in group))


def chosen(graph: Graph, node: Node, facts: Callable[[Node], Facts | None]) -> Chosen | None:
    """Give what a task asks for; None is all that it needs. `facts` are those of a node that has run, or None."""
    choice = node.task.asks(lambda what: facts(graph.find(what, node)))
    if choice is None:
        return None
    return Chosen(
        tuple(dict.fromkeys(graph.find(one, node) for one in choice.now)),
        tuple(tuple(graph.find(one, node) for one in group) for group in choice.later),
        choice.most,
        {graph.find(one, node): reason for one, reason in choice.spared},
    )


def most(final: Iterable[Node], choices: Mapping[Node, Chosen], estimates: Mapping[Node, Estimate]) -> set[Node]:
    """Give the nodes with estimates that run at most: of what a task will choose among, that which costs most."""
    reached = _below(final, choices, estimates, set())
    for choice in [choices[node] for node in reached if node in choices]:
        alone = [_below(group, choices, estimates, reached) for group in choice.later]
        alone.sort(key=lambda nodes: (sum(estimates[one].flops or 0 for one in nodes), len(nodes)), reverse=True)
        reached = reached.union(*alone[: choice.most])
    return reached


def _below(
    nodes: Iterable[Node], choices: Mapping[Node, Chosen], estimates: Mapping[Node, Estimate], known: set[Node]
) -> set[Node]:
    """Give nodes with estimates and what they need, beyond those that are known."""
    found: set[Node] = set()
    waiting = [*nodes]
    while waiting:
        node = waiting.pop()
        if node in estimates and node not in found and node not in known:
            found.add(node)
            waiting.extend(choices[node].now if node in choices else node.needs)
    return found
