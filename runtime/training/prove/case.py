"""What is proved about: a network as a training begins with it, and a few of the rows that it reads.

B rows, L tokens a row, H hidden size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ....plugins.component import Facts
from ....plugins.models import Model
from ....plugins.nn.network import Network
from ....plugins.values import Batch, Objective
from ..loader import tensors, to_device
from ..order import key
from ..setup import Setup

ROWS = 3
_DRAWS = 16


class Broken(Exception):
    """Raised by a proof that fails; `values` go into the message, `tensor` names what differs."""

    def __init__(self, tensor: str, **values: object) -> None:
        super().__init__(tensor, values)
        self.values = {"tensor": tensor, **values}


@dataclass(frozen=True, slots=True)
class Case:
    """A network in float32 on its device, the parts that it was made of, and encoded rows."""

    network: Network
    model: Model
    objective: Objective
    facts: Facts
    rows: Batch
    seed: int
    device: torch.device
    draw: int = 0
    """Which of the draws of `prepare` it is about."""

    @classmethod
    def of(cls, setup: Setup) -> Case:
        """Take the first rows of a training; they are repeated if there are too few."""
        numbers = np.arange(ROWS) % len(setup.shards)
        rows = {
            name: array.astype(np.int64) if array.dtype.kind in "iu" else array
            for name, array in setup.shards.read(numbers).items()
        }
        job = setup.job
        return cls(setup.network, job.model, job.objective, setup.facts, rows, setup.seed, setup.device)

    def varieties(self) -> list[Case]:
        """Give a case for each set of arrays that `prepare` makes, as far as some draws show it: one for most objectives."""
        found: dict[frozenset[str], Case] = {}
        for draw in range(_DRAWS):
            case = replace(self, draw=draw)
            found.setdefault(frozenset(case.prepared()), case)
        return list(found.values())

    def prepared(self, rows: Batch | None = None) -> Batch:
        """Give rows (those of the case) as the loop hands them to the objective: always with the same draw."""
        random = np.random.Generator(np.random.Philox(key=key(self.seed, "prove", *([self.draw] if self.draw else []))))
        return self.objective.prepare(dict(self.rows if rows is None else rows), random, self.facts)

    def on_device(self, batch: Batch) -> dict[str, Tensor]:
        """Give a prepared batch as the network gets it."""
        return to_device(tensors(batch, [slice(None)])[0], self.device)

    def loss(self, batch: Batch) -> Tensor:
        """Give the sum of losses of a prepared batch, which is seeded alike each time."""
        torch.manual_seed(key(self.seed, "prove"))
        return self.objective.loss(self.network, self.on_device(batch))[0]

    @torch.no_grad()
    def hidden(self, batch: Batch) -> Tensor:
        """Give the hidden states (B, L, H) of the streams of a batch."""
        return self.network.hidden(self.on_device(batch))


def streams(batch: Mapping[str, Any]) -> list[str]:
    """Give the prefixes of the streams of tokens in a batch: "" for `tokens`, "source_" for `source_tokens`.

    Of an objective made of others, "part." for `part.tokens`.
    """
    return [name.removesuffix("tokens") for name in batch if bare(name) == "tokens" or name.endswith("_tokens")]


def bare(name: str) -> str:
    """Give a name as the body knows it, without that of the part that it belongs to."""
    return name.rpartition(".")[2]


def own_stream(batch: Mapping[str, Any]) -> str:
    """Give the prefix of the stream that hidden states belong to: that which is written, if there are two."""
    found = streams(batch)
    return next((prefix for wanted in ("", "target_") for prefix in found if bare(prefix) == wanted), found[-1])


def shortened(rows: Batch) -> Batch:
    """Give rows whose last third is padding, as the loader pads: zeros, which is segment 0."""
    return {name: _zeroed(array) if array.ndim == 2 else array for name, array in rows.items()}


def _zeroed(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    kept = array.copy()
    kept[:, -(-2 * array.shape[1] // 3) :] = 0
    return kept
