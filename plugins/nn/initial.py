"""First values of the weights."""

from __future__ import annotations

import math

from torch import nn

STANDARD_DEVIATION = 0.02


def initialise(module: nn.Module, layers: int) -> None:
    """Draw the weights as GPT-2 does (Radford et al. 2019, section 2.3).

    Normal with a deviation of 0.02, biases zero; the projections that add to the stream (`output`) are scaled by
    1 / sqrt(2 x layers), so that the stream's variance doesn't grow with depth.
    """
    for name, part in module.named_modules():
        if isinstance(part, nn.Linear):
            scale = 1 / math.sqrt(2 * layers) if name.endswith(".output") else 1.0
            nn.init.normal_(part.weight, std=STANDARD_DEVIATION * scale)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.Embedding):
            nn.init.normal_(part.weight, std=STANDARD_DEVIATION)
