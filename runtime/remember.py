"""Brings the record of a file up to date after a run."""

from __future__ import annotations

from .graph import Node
from .plan import Plan
from .records import Made, plain_params
from .store import Damaged


def remember(plan: Plan, *, finished: bool) -> None:
    """Bring the file's record up to date with what is stored; it isn't written if nothing is new."""
    record, before = plan.record, dict(plan.record.tasks)
    stored = {}
    for node in plan.graph.nodes:
        if node.label and _is_stored(plan, node):
            known = before.get(node.label)
            same = known is not None and known.fingerprint == node.fingerprint
            stored[node.label] = known if same and known is not None else Made(node.fingerprint, node.parts)
    # After a whole run that finished, names that are no longer in the file are forgotten.
    tasks = stored if finished and plan.whole and not plan.graph.awaits else before | stored
    params = dict(record.params)
    if finished:
        params = plain_params({name: knob.value for name, knob in plan.program.params.items()})
    root = str(plan.program.root)
    fingerprints = {label: made.fingerprint for label, made in tasks.items()}
    unchanged = {label: made.fingerprint for label, made in before.items()} == fingerprints
    if not unchanged or record.params != params or record.root != root:
        record.tasks, record.params, record.root = tasks, params, root
        plan.records.write(record)


def _is_stored(plan: Plan, node: Node) -> bool:
    try:
        return plan.store.find(node.fingerprint) is not None
    except Damaged:
        return False
