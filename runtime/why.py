"""Why a task is stored or runs: what `llx why` tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..dsl.diagnostics.model import Text
from ..dsl.source import Span
from .graph import Node
from .plan import Plan, Planned, State
from .trials import grouped


@dataclass(frozen=True, slots=True)
class Why:
    """A task's state with its reasons, what it is made of, and how it stands with its inputs."""

    label: str
    state: State
    reasons: tuple[Text, ...]
    place: Span | None
    fingerprint: str
    values: Mapping[str, Any]
    """What its fingerprint is made from, by dotted path: fields, settings."""
    files: Mapping[str, str]
    needs: tuple[tuple[str, State], ...]
    created: float | None
    """When its artifact was made, in seconds since 1970."""
    root_cause: tuple[str, ...]
    """The labels from here to the first task that runs for a reason of its own."""


def why(plan: Plan, name: str) -> Why | None:
    """Explain a task by its name or label; None if the plan has none that is called so."""
    node = plan.graph.named(name)
    if node is None:
        return None
    planned = {task.node: task for task in plan.tasks}
    this = planned[node]
    parts = node.parts
    values = {path or node.kind: value for path, value in parts.fields.items()} | dict(parts.settings)
    return Why(
        label=node.label,
        state=this.state,
        reasons=this.reasons,
        place=plan.graph.place(node),
        fingerprint=node.fingerprint,
        values=values,
        files=parts.files,
        needs=tuple(_states(node, planned)),
        created=this.artifact.created if this.artifact else None,
        root_cause=tuple(task.node.label for task in _chain(this, {id(task.node): task for task in plan.tasks})),
    )


def _states(node: Node, planned: Mapping[Node, Planned]) -> Iterator[tuple[str, State]]:
    """Give the inputs with their states, those of a sweep's trials together where they are in one state."""
    for state in State:
        within = [one for one in node.needs if planned[one].state is state]
        yield from ((one.label, state) for one in grouped(within, lambda one: one))


def _chain(start: Planned, planned: Mapping[int, Planned]) -> list[Planned]:
    """Follow what runs only because its inputs do, up to where it begins."""
    chain = [start]
    while chain[-1].state is State.RUN and all(text.key == "plan.needs" for text in chain[-1].reasons):
        runs = [planned[id(one)] for one in chain[-1].node.needs if planned[id(one)].state is State.RUN]
        if not runs:
            break
        chain.append(runs[0])
    return chain if len(chain) > 1 else []
