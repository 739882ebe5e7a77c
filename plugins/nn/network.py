"""A body with the head that an objective added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from .cache import Cache
from .gather import gather_positions

STREAMS = ("tokens", "segments")


class Network(nn.Module):
    """What is trained: parameters are called `body.…` and `head.…`; a tied head's belong to the body."""

    def __init__(self, body: nn.Module, head: nn.Module | None = None) -> None:
        super().__init__()
        self.body = body
        self.head = head
        # In a tuple, and so no part of the module: nothing trains it, saves it or spreads it over ranks.
        self.frozen: tuple[Network, ...] = ()

    @property
    def auxiliary(self) -> Tensor | None:
        """What the layers of the body's last forward pass in training add to the loss, for each row (B,); None is nothing."""
        return getattr(self.body, "auxiliary", None)

    def hidden(self, batch: Mapping[str, Tensor], cache: Cache | None = None, at: Tensor | None = None) -> Tensor:
        """Run the body over the arrays of the batch that it names in `streams`: (B, L, H), or (B, K, H) at positions (B, K).

        An array that the batch lacks is None to the body: `segments` where every row is one whole document. A cache is
        for a body that takes one. A body that `takes_positions` spares what else its last layer would make.
        """
        streams: tuple[str, ...] = getattr(self.body, "streams", STREAMS)
        given = [batch.get(name) for name in streams]
        more: dict[str, Any] = {} if cache is None else {"cache": cache}
        if at is None:
            return self.body(*given, **more)
        if getattr(self.body, "takes_positions", False):
            return self.body(*given, **more, at=at)
        return gather_positions(self.body(*given, **more), at)

    def rate_factors(self) -> dict[str, float]:
        """Give what the learning rate of each parameter is multiplied by, by name; those left out have 1.

        A body says it of matrices, its head's among them, in its attribute `matrix_rate`: embeddings, norms and
        biases keep the optimizer's own (see `Initialisation.matrix_rate`).
        """
        factor: float = getattr(self.body, "matrix_rate", 1.0)
        if factor == 1.0:
            return {}
        embeddings = {id(module.weight) for module in self.modules() if isinstance(module, nn.Embedding)}
        return {
            name: factor
            for name, parameter in self.named_parameters()
            if parameter.dim() >= 2 and id(parameter) not in embeddings
        }
