"""A body with the head that an objective added."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from .cache import Cache

STREAMS = ("tokens", "segments")


class Network(nn.Module):
    """What is trained: parameters are called `body.…` and `head.…`; a tied head's belong to the body."""

    def __init__(self, body: nn.Module, head: nn.Module | None = None) -> None:
        super().__init__()
        self.body = body
        self.head = head

    def hidden(self, batch: Mapping[str, Tensor], cache: Cache | None = None) -> Tensor:
        """Run the body over the arrays of the batch that it names in `streams`: (B, L, H).

        An array that the batch lacks is None to the body: `segments` where every row is one whole document. A cache is
        for a body that takes one.
        """
        streams: tuple[str, ...] = getattr(self.body, "streams", STREAMS)
        more = {} if cache is None else {"cache": cache}
        return self.body(*(batch.get(name) for name in streams), **more)
