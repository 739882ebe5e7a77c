"""What all blocks of a body share in one forward pass."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .cache import Cache
from .visible import Visible


@dataclass(frozen=True, slots=True)
class Context:
    """Made once a forward pass and handed down: what is the same for all layers.

    `angles` are cosine and sine of the rotary embeddings, or None where positions are embedded.
    `cache` keeps the keys and values of tokens that were read before; None in training.
    """

    visible: Visible
    angles: tuple[Tensor, Tensor] | None = None
    cache: Cache | None = None
