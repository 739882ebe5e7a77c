"""Makes the network of a job: body and head under the seed, and stored weights put into them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ...plugins.adapters import Adapter
from ...plugins.component import Facts, TaskFailed
from ...plugins.models import Model
from ...plugins.nn.network import Network
from ...plugins.nn.stored import plain_weights
from ...plugins.values import Objective
from ..files import read_json
from .order import key
from .weights import Tensors, WeightsDontFit, put, read_tensors, require_finite, require_match, tensors_of, under


@dataclass(frozen=True, slots=True)
class Stored:
    """A checkpoint that a task put out."""

    weights: Tensors
    facts: Facts

    @classmethod
    def open(cls, folder: Path, adapter: Adapter | None = None) -> Stored:
        """Read a checkpoint's folder; its digests were checked when the artifact was opened.

        An `adapter` that it holds is merged into the body, if that is possible.
        """
        try:
            weights = plain_weights(folder, adapter, read_tensors)
            require_finite(weights)
            return cls(weights, read_json(folder / "facts.json"))
        except WeightsDontFit as error:
            raise TaskFailed("L0802", {"reason": error.reason}, help="L0802.help") from error
        except (OSError, ValueError) as error:
            raise TaskFailed("L0802", {"reason": str(error)}, help="L0802.help") from error


def build(model: Model, objective: Objective, facts: Facts, seed: int) -> Network:
    """Build body and head on the host, each from random numbers of its own, so that one doesn't move the other."""
    torch.manual_seed(key(seed, "body"))
    body = model.body(facts["vocab_size"])
    torch.manual_seed(key(seed, "head"))
    return Network(body, objective.head(model.shape, body, facts))


def load_body(network: Network, stored: Stored) -> None:
    """Put a checkpoint's body into the network; TaskFailed if it is another model's."""
    try:
        put(network.body, under("body.", stored.weights))
    except WeightsDontFit as error:
        raise TaskFailed("L0802", {"reason": error.reason}, help="L0802.help") from error


def stored_network(
    model: Model, objective: Objective, folder: Path, adapter: Adapter | None = None, facts: Facts | None = None
) -> tuple[Network | None, Stored]:
    """Open a checkpoint as a network with its head; None in its place if the head isn't the objective's.

    An adapter is merged where that is possible: the network is then as fast as one without. The head must tell apart what
    `facts` say, by default those of the checkpoint.
    """
    stored = Stored.open(folder, adapter)
    facts = stored.facts if facts is None else facts
    network = build(model, objective, facts, 0)
    if adapter is not None and not adapter.merges:
        adapter.adapt(network.body)
    load_body(network, stored)
    fits = load_head(network, stored, objective, facts) != "fresh"
    return network if fits else None, stored


def load_head(network: Network, stored: Stored, objective: Objective, facts: Facts) -> str:
    """Put a checkpoint's head into the network if it tells the same apart and fits (see `Objective.tells_apart`).

    Gives what became of it: loaded, fresh (made anew) or none (the objective has none, or no weights in it).
    """
    own = _head_tensors(network)
    if not own:
        return "none"
    given = under("head.", stored.weights)
    if stored.facts.get("head") != objective.tells_apart(facts):
        return "fresh"
    try:
        require_match(own, given)
    except WeightsDontFit:
        return "fresh"
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(given[name])
    return "loaded"


def taken(network: Network, stored: Stored, head: str) -> dict[str, Any]:
    """List what became of a checkpoint's weights: how many were loaded, which are made anew, and which were left.

    `head` is what `load_head` gave.
    """
    own = {f"head.{name}" for name in _head_tensors(network)}
    given = {name for name in stored.weights if name.startswith("head.")}
    body = len(stored.weights) - len(given)
    if head == "loaded":
        return {"loaded": body + len(given), "fresh": [], "left": []}
    return {"loaded": body, "fresh": sorted(own), "left": sorted(given)}


def _head_tensors(network: Network) -> Tensors:
    """Give the weights that are the head's own: a tied one's are the body's."""
    return under("head.", tensors_of(network))


def checkpoint_facts(objective: Objective | None, facts: Facts, **more: Any) -> Facts:
    """Give what belongs to a checkpoint: vocabulary size, roles, label set, the objective whose head it holds."""
    kept = {name: value for name, value in facts.items() if name not in ("splits", "sources")}
    about = {"objective": objective.name, "head": objective.tells_apart(facts)} if objective else {"objective": None}
    return {"format": 1, **about, **kept, **more}
