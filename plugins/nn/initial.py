"""First values of the weights."""

from __future__ import annotations

import re

from torch import nn

from ..models import Part
from .spec import Spec

_LAYER = re.compile(r"(?:^|\.)blocks\.(\d+)\.")


def initialise(body: nn.Module, spec: Spec) -> None:
    """Draw the weights of a body as the model's `initialisation` says: normal, biases zero.

    The projections that add to the stream are called `output`; which layer a matrix is of is read off its name.
    """
    rule = spec.initialisation
    for name, module in body.named_modules():
        for own, parameter in module.named_parameters(recurse=False):
            whole = f"{name}.{own}".removesuffix(".weight")
            found = _LAYER.search(whole)
            layer = int(found[1]) if found else 0
            if isinstance(module, nn.Embedding):
                nn.init.normal_(parameter, std=rule.deviation("embedding", spec.hidden_size, layer, spec.layers))
            elif parameter.dim() >= 2:
                part: Part = "output" if whole.endswith(".output") else "hidden"
                nn.init.normal_(parameter, std=rule.deviation(part, spec.hidden_size, layer, spec.layers))
            elif isinstance(module, nn.Linear):
                nn.init.zeros_(parameter)


def draw(module: nn.Module, deviation: float) -> None:
    """Draw the weights of all linear layers of a module, normal with this deviation, with biases zero."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, std=deviation)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
