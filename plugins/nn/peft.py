"""Adapters between our names and those of the library peft, by the rules of a family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..adapters import MARK
from ..hub.mapping import Family
from .adapters import by_layer
from .hub import factor, held, rows_of

if TYPE_CHECKING:
    from ..hub.mapping import HubModel

_PREFIX = "base_model.model."


@dataclass(slots=True)
class Layout:
    """What peft reads: tensors by its names, and what its configuration says of them."""

    tensors: dict[str, Tensor] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)
    """The layers that have an adapter, as they are called there."""
    parts: dict[str, int] = field(default_factory=dict)
    """Those of them that are made of several of ours, and of how many: their rank is so many times as large."""
    transposed: bool = False


def layout(tensors: Mapping[str, Tensor], model: HubModel, family: Family, headed: bool) -> Layout:
    """Give low-rank adapters as peft has them.

    A layer of ours that is several there (queries, keys and values) gives each its rows of `up` and the same `down`;
    several of ours that are one there (a gated layer) are put side by side, at the sum of their ranks.
    """
    beside, made = by_layer(tensors), Layout()
    plain = {name: tensor for name, tensor in tensors.items() if MARK not in name}
    factors = family.factors(model)
    for rule in held(family, model, plain):
        layers = [name.removesuffix(".weight") for name in rule.ours]
        some = [layer for layer in layers if layer in beside]
        if not some or not rule.ours[0].endswith(".weight"):
            continue
        down = torch.cat([beside[layer]["down"] for layer in some])
        up = torch.block_diag(*(_up(layer, beside, plain) for layer in layers))
        rows = [len(up)] if len(rule.theirs) == 1 else rows_of(rule, model.spec, plain)
        sizes = torch.cat([beside[layer]["size"] for layer in some]) if "size" in beside[some[0]] else None
        start = 0
        for name, count in zip(rule.theirs, rows, strict=True):
            module = (family.prefix if headed else "") + name.removesuffix(".weight")
            scale = factor(factors, name)
            made.tensors[f"{_PREFIX}{module}.lora_A.weight"] = down.contiguous()
            made.tensors[f"{_PREFIX}{module}.lora_B.weight"] = (up[start : start + count] / scale).contiguous()
            if sizes is not None:
                size = sizes[start : start + count] / scale
                made.tensors[f"{_PREFIX}{module}.lora_magnitude_vector"] = size.contiguous()
            made.modules.append(module)
            if len(some) > 1:
                made.parts[module] = len(some)
            start += count
        made.transposed |= rule.transposed
    return made


def head_of(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give the tensors of a head, which have their names there already, as peft calls them."""
    return {_PREFIX + name: tensor for name, tensor in tensors.items()}


def _up(layer: str, beside: Mapping[str, Mapping[str, Tensor]], plain: Mapping[str, Tensor]) -> Tensor:
    """Give the wide matrix of a layer: one without an adapter has rows of no width."""
    if layer in beside:
        return beside[layer]["up"]
    return plain[f"{layer}.weight"].new_zeros(len(plain[f"{layer}.weight"]), 0)
