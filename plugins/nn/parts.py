"""A network that several objectives learn by, of which each looks at rows of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .gather import gather_positions

if TYPE_CHECKING:
    from ..values import Network


class RowsRead:
    """A network (the protocol) as an objective sees it whose rows were read together with those of others."""

    def __init__(self, network: Network, hidden: Tensor, rows: Tensor) -> None:
        self.body, self.head, self.training = network.body, network.head, network.training
        self.frozen: tuple[Network, ...] = ()
        self.read = hidden.index_select(0, rows)
        self.auxiliary = None if network.auxiliary is None else network.auxiliary.index_select(0, rows)

    def hidden(self, batch: Mapping[str, Tensor], *, at: Tensor | None = None) -> Tensor:
        """Give the hidden states of the rows, whatever the batch: (N, L, H), or (N, K, H) at positions (N, K)."""
        return self.read if at is None else gather_positions(self.read, at)


def rows_of(part: int, parts: Tensor, most: int) -> Tensor:
    """Give the numbers of `most` rows (most,), those that belong to a part first: `parts` (B,) says whose each is.

    A fixed number, so that the host needn't know how many there are: others make up for those that are missing.
    """
    return torch.sort((parts != part).to(torch.uint8), stable=True).indices[:most]
