"""The initialisation `gpt2`."""

from __future__ import annotations

import math
from typing import ClassVar

from ...models import Initialisation, Part

DEVIATION, WIDTH = 0.02, 768


class Gpt2(Initialisation):
    """GPT-2's (Radford et al. 2019, section 2.3): 0.02 at its width of 768, and as 1 / sqrt(width) elsewhere.

    0.02 at a width of 128 makes embeddings so small that the first hundreds of steps go into growing them
    (docs/log.md); at 4,096 it is larger than what such models start from. What adds to the stream is scaled by
    1 / sqrt(2 x layers), so that the stream's variance doesn't grow with depth.
    """

    name: ClassVar[str] = "gpt2"
    example: ClassVar[str] = "gpt2()"

    def deviation(self, part: Part, width: int, layer: int, layers: int) -> float:
        deviation = DEVIATION * math.sqrt(WIDTH / width)
        return deviation / math.sqrt(2 * layers) if part == "output" else deviation
