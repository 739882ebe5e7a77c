"""The heads of several objectives on one body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from torch import Tensor, nn

if TYPE_CHECKING:
    from ..values import Network


class PartHeads(nn.Module):
    """One head for each part by its name; parts that share one name the same module, whose weights are there once."""

    def __init__(self, heads: Mapping[str, nn.Module], first: str) -> None:
        super().__init__()
        self.heads, self.first = nn.ModuleDict(heads), first

    def forward(self, hidden: Tensor) -> Tensor:
        """Give the logits of the part that writes text (..., V), of hidden states (..., H)."""
        return self.heads[self.first](hidden)


class PartNetwork:
    """A network as one part sees it: the body, and the part's own head."""

    def __init__(self, network: Network, name: str, frozen: Sequence[Network] = ()) -> None:
        self.frozen = frozen
        self.body, self.training, self._network = network.body, network.training, network
        heads = dict(network.head.heads.items()) if isinstance(network.head, PartHeads) else {}
        self.head = heads.get(name)

    def hidden(self, batch: Mapping[str, Tensor], *, at: Tensor | None = None) -> Tensor:
        """Run the body over the arrays of the batch that it reads: (B, L, H), or (B, K, H) at positions (B, K)."""
        return self._network.hidden(batch, at=at)
