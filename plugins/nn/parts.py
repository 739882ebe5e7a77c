"""A network that several objectives learn by, of which each looks at rows of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from ..values import Network


class RowsRead:
    """A network (the protocol) as an objective sees it whose rows were read together with those of others."""

    def __init__(self, network: Network, hidden: Tensor, rows: Tensor) -> None:
        self.network, self.rows = network, rows
        self.read = hidden.index_select(0, rows)

    @property
    def body(self) -> nn.Module:
        """The body, which has been run."""
        return self.network.body

    @property
    def head(self) -> nn.Module | None:
        return self.network.head

    @property
    def training(self) -> bool:
        return self.network.training

    @property
    def frozen(self) -> Sequence[Network]:
        return ()

    @property
    def auxiliary(self) -> Tensor | None:
        """What the body's layers ask for besides, for each of the rows: (N,)."""
        whole = self.network.auxiliary
        return None if whole is None else whole.index_select(0, self.rows)

    def hidden(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Give the hidden states of the rows (N, L, H), whatever the batch."""
        return self.read


def rows_of(part: int, parts: Tensor, most: int) -> Tensor:
    """Give the numbers of `most` rows (most,), those that belong to a part first: `parts` (B,) says whose each is.

    A fixed number, so that the host needn't know how many there are: others make up for those that are missing.
    """
    return torch.sort((parts != part).to(torch.uint8), stable=True).indices[:most]
