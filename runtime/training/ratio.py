"""How far a step moves the weights, against their size."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn.utils import get_total_norm

MOST = 2**20
"""Weights that are looked at: every so-manieth of all matrices."""


class UpdateRatio:
    """Measures |new - old| / |old| over matrices; about 1e-3 is usual, 1e-2 is fast, 1e-4 slow.

    It looks at weights spread evenly over all of them, so that no copy of the model is made.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        self.matrices = [parameter for parameter in parameters if parameter.dim() > 1]
        self.stride = max(1, sum(parameter.numel() for parameter in self.matrices) // MOST)
        self._before: list[torch.Tensor] | None = None
        self._ratio: torch.Tensor | None = None

    def before(self) -> None:
        """Note the weights that the next step is to move."""
        if self.matrices:
            self._before = self._sample()

    def after(self) -> None:
        """Compare them with what they were, if they were noted."""
        before, self._before = self._before, None
        if before is not None:
            moved = torch._foreach_sub(self._sample(), before)
            self._ratio = get_total_norm(moved) / get_total_norm(before).clamp_min(1e-12)

    def take(self) -> float | None:
        """Give the ratio that was measured since the last time."""
        ratio, self._ratio = self._ratio, None
        return None if ratio is None else float(ratio)

    def _sample(self) -> list[torch.Tensor]:
        with torch.no_grad():
            # A shard of a spread tensor stands for the whole.
            local = [getattr(each, "to_local", lambda each=each: each)() for each in self.matrices]
            return [each.detach().flatten()[:: self.stride].float().clone() for each in local]
