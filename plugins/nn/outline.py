"""A network without its numbers: names and sizes of its parameters, known before anything runs."""

from __future__ import annotations

from typing import Any

import torch

from ..component import Facts
from ..models import Model
from ..values import Objective
from .network import Network


def outline(model: Model, objective: Objective | None, facts: Facts) -> Network:
    """Build body and head on the device `meta`, which holds no numbers; so a plan may ask what is trained.

    What the facts don't say yet is stood in for: a vocabulary of one token, two labels. No name depends on it.
    """
    unknown: dict[str, Any] = {"vocab_size": 1, "labels": ["0", "1"], "roles": {}}
    known = unknown | facts
    if objective is not None:
        known["roles"] = dict.fromkeys(objective.roles(model.shape), 0) | known["roles"]
    with torch.device("meta"):
        body = model.body(known["vocab_size"])
        return Network(body, objective.head(model.shape, body, known) if objective is not None else None)
