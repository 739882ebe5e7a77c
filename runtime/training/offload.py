"""The optimizer's state in the host's memory: the device keeps weights and gradients alone. Untried on a GPU."""

from __future__ import annotations

import copy

import torch
from torch import nn


class Offload:
    """A copy of the network on the host, whose parameters an optimizer of any sort steps (ZeRO-Offload; Ren et al. 2021).

    arXiv:2101.06840. A step waits for the copies both ways.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = copy.deepcopy(network).cpu()
        self._pairs = [
            (own, host)
            for own, host in zip(network.parameters(), self.network.parameters(), strict=True)
            if own.requires_grad
        ]

    @torch.no_grad()
    def bring(self) -> None:
        """Copy the gradients to the host."""
        for own, host in self._pairs:
            host.grad = None if own.grad is None else own.grad.to("cpu", copy=True)

    @torch.no_grad()
    def give(self) -> None:
        """Copy the weights back to the device."""
        for own, host in self._pairs:
            own.copy_(host)

    @torch.no_grad()
    def follow(self) -> None:
        """Take in weights that were put on the device from elsewhere."""
        for own, host in self._pairs:
            host.copy_(own)
