"""Hides tokens from a model that learns, so that it leans on no single one of them (word dropout).

Bowman et al. 2016 (arXiv:1511.06349) for what a decoder reads, Iyyer et al. 2015 (ACL P15-1162) for classifiers, Gal &
Ghahramani 2016 (arXiv:1512.05287).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...plugins.component import Facts, TaskFailed
from ...plugins.fit import is_tokens
from ...plugins.values import Batch


@dataclass(frozen=True, slots=True)
class TokenDropout:
    """Puts the mask in the place of a share of the tokens that a model reads; what it is to predict stays."""

    rate: float
    mask: int
    special: tuple[int, ...]
    """Ids that are never dropped."""

    @classmethod
    def of(cls, rate: float, facts: Facts) -> TokenDropout:
        """Make one for a tokenizer; raises TaskFailed if it has no mask."""
        roles = facts["roles"]
        if "mask" not in roles:
            raise TaskFailed("L0790", field="token_dropout", help="L0790.help")
        return cls(rate, roles["mask"], tuple(sorted(set(roles.values()))))

    def of_batch(self, batch: Batch, random: np.random.Generator) -> Batch:
        """Give a prepared batch with tokens dropped from each of its streams (B, L); the batch itself stays.

        Arrays of a part of `mixed` are called `part.array`. Padding is segment 0, whatever stands there.
        """
        dropped = dict(batch)
        for name in sorted(batch):
            if is_tokens(name.rpartition(".")[2]):
                segments = batch.get(name.removesuffix("tokens") + "segments")
                dropped[name] = self._of_stream(batch[name], segments, random)
        return dropped

    def _of_stream(self, tokens: Any, segments: Any | None, random: np.random.Generator) -> Any:
        drop = (random.random(tokens.shape) < self.rate) & ~np.isin(tokens, self.special)
        if segments is not None:
            drop &= segments != 0
        return np.where(drop, self.mask, tokens)
