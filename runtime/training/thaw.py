"""Gradual unfreezing: what is trained begins at the head, and layers join from the top."""

from __future__ import annotations

from collections import defaultdict

from torch import nn

from ...plugins.nn.parameters import depths


class Thaw:
    """Has one more layer trained each so many steps (Howard & Ruder 2018, arXiv:1801.06146, section 3.3).

    The head is trained from the first step on, or the top layer if no head has weights of its own; what stands below the
    layers, such as embeddings, comes last. It remembers nothing: what is trained follows from the step.
    """

    def __init__(self, network: nn.Module, every: int | None) -> None:
        self.every = every
        self._of: dict[int, list[nn.Parameter]] = defaultdict(list)
        """What is to be trained at all, by its depth."""
        depth_of = depths(network) if every is not None else {}
        for name, parameter in network.named_parameters():
            if every is not None and parameter.requires_grad:
                self._of[depth_of[name]].append(parameter)
        self._order = sorted(self._of, reverse=True)
        headed = any(name.startswith("head.") and p.requires_grad for name, p in network.named_parameters())
        self._first = 1 if headed else 2
        self._joined: int | None = None

    def at(self, step: int) -> list[int]:
        """Have trained what is to be at a step (from 0); gives the depths that join those of the step before."""
        joined = 0 if self.every is None else min(step // self.every + self._first, len(self._order))
        if self.every is None or joined == self._joined:
            return []
        fresh = [] if self._joined is None else self._order[self._joined : joined]
        self._joined = joined
        for place, depth in enumerate(self._order):
            for parameter in self._of[depth]:
                parameter.requires_grad_(place < joined)
        return fresh
