"""The sweep `random`: combinations that are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, ClassVar

from ...api import Distribution, Field, ListsOrDraws, Sweep, per_trial

DRAWS = 100
"""How often a combination is drawn anew, for each trial, before there are none left."""


class RandomSweep(Sweep):
    """Try combinations that are drawn at random, each once: from a list evenly, else from a distribution.

    The first trials stay the same when more are asked for. A list that holds few combinations gives fewer trials.
    """

    name: ClassVar[str] = "random"
    example: ClassVar[str] = "random { over = { lr = log_uniform(1e-4, 1e-2) }, trials = 10, minimise = pretrain.loss }"

    over: ListsOrDraws = per_trial(
        description="Params of the file, each with a list of values or the distribution that they are drawn from"
    )
    trials: int = Field(ge=1, description="How many combinations to draw")
    seed: int = Field(0, ge=0, lt=2**63, description="Another seed draws other combinations")

    def points(self) -> Iterator[dict[str, Any]]:
        # The sequence of random() for a seed is one that Python promises to keep.
        random = Random(self.seed)
        seen: set[str] = set()
        for _ in range(self.trials * DRAWS):
            point = {name: _drawn(source, random.random()) for name, source in self.over.items()}
            if repr(point) not in seen:
                seen.add(repr(point))
                yield point
            if len(seen) == self.trials:
                return


def _drawn(source: Any, share: float) -> Any:
    if isinstance(source, Distribution):
        return source.at(share)
    return source[int(share * len(source))]
