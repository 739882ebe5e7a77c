"""What all blocks of a body share in one forward pass."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from .cache import Cache
from .picked import Picked
from .visible import Visible


@dataclass(frozen=True, slots=True)
class Context:
    """Made once a forward pass and handed down: what is the same for all layers of one sort, local or global.

    `angles` are cosine and sine of the rotary embeddings, or None where positions are embedded. `cache` keeps the keys
    and values of tokens that were read before; None in training. `auxiliary` takes what layers add to the loss: a value
    for each row (B,), as a mean over its tokens (`nn/auxiliary.py`). `picked` is the last layer's: the positions that are
    read of it; None for all.
    """

    visible: Visible
    angles: tuple[Tensor, Tensor] | None = None
    cache: Cache | None = None
    auxiliary: list[Tensor] = field(default_factory=list)
    picked: Picked | None = None
