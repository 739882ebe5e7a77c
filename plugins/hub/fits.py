"""Whether the tensors of files are those of a model, as far as names and a few shapes tell: without torch, at check."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ..baddata import BadData
from .header import Shapes
from .mapping import LAYER, Family, Rule

if TYPE_CHECKING:
    from .mapping import HubModel

_SHOWN = 8
"""Names of tensors in a message."""
EMBEDDING = "body.embedding.weight"


def require_tensors(family: Family, model: HubModel, vocab_size: int, given: Shapes) -> None:
    """Raise BadData for tensors that a family's models don't have, that a layer lacks, or that are of other sizes.

    The plan holds all of them against the model itself, which takes torch; this finds another architecture, and a
    configuration of another model, at once.
    """
    shapes = {bare(family, name): shape for name, shape in given.items()}
    rules = list(family.rules_for(max(model.depths)))
    known = {name for rule in rules for name in _read_as(rule)}
    strange = sorted(n for n in shapes.keys() - known if not any(fnmatchcase(n, one) for one in family.ignored))
    table = next((rule for rule in rules if rule.ours == (EMBEDDING,)), None)
    if table is not None and not any(name in shapes for name in _read_as(table)):
        raise misfit("missing", [table.theirs[0]])
    if missing := _missing(family, model, shapes):
        raise misfit("missing", missing)
    if strange:
        raise misfit("unexpected", strange)
    wanted = {EMBEDDING: (vocab_size, model.shape.hidden_size)}
    if wrong := list(_other_sizes(rules, wanted, shapes)):
        raise misfit("shapes", wrong)


def bare(family: Family, name: str) -> str:
    """Give a tensor's name without what stands before it in a model with a head."""
    return name if family.is_head(name) else name.removeprefix(family.prefix)


def misfit(what: str, names: list[str]) -> BadData:
    """Give what is wrong with tensors, by their names."""
    more = len(names) - _SHOWN
    shown = ", ".join(names[:_SHOWN]) + (f" + {more}" if more > 0 else "")
    return BadData("L0694", {"count": len(names), "names": shown}, help=f"L0694.{what}")


def _read_as(rule: Rule) -> tuple[str, ...]:
    return (*rule.theirs, *rule.also, *rule.instead)


def _missing(family: Family, model: HubModel, shapes: Shapes) -> list[str]:
    """Give what the first layer has and a further one lacks."""
    found: list[str] = []
    for rule in family.rules:
        if LAYER not in rule.theirs[0] or not all(name in shapes for name in rule.at(0).theirs):
            continue
        layers = model.depths[-1] if ".decoder." in rule.ours[0] else model.depths[0]
        found += [name for layer in range(1, layers) for name in rule.at(layer).theirs if name not in shapes]
    return found


def _other_sizes(rules: list[Rule], wanted: Shapes, shapes: Shapes) -> Iterator[str]:
    for rule in rules:
        for ours in rule.ours:
            name = next((one for one in _read_as(rule) if one in shapes), None)
            if ours in wanted and name is not None and shapes[name] != wanted[ours]:
                yield f"{name}: {list(shapes[name])} and not {list(wanted[ours])}"
