"""What adapters put beside the linear layers of a body.

B rows, L tokens a row, I width of what goes into a layer, O of what comes out, R rank.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ..adapters import MARK, Bits
from .held import Held, in_bits, whole
from .products import Linear


def freeze_beside(network: nn.Module, head: bool) -> None:
    """Have an adapter's weights be all of a network that is trained, and those of the head, if it is to be trained too."""
    # A tied head's weights go by the body's name, and stay.
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(MARK in name or (head and name.startswith("head.")))


class Adapted(Linear):
    """A linear layer with an adapter, which makes something else of what comes out. Its own weights keep their names."""

    adapter: nn.Module

    def forward(self, input: Tensor) -> Tensor:
        """Map (..., I) to (..., O)."""
        adapted: Tensor = self.adapter(input, super().forward(input), self)
        return adapted


class HeldAdapted(Adapted, Held):
    """Such a layer whose own weights are held in few bits."""


def linear_layers(body: nn.Module) -> dict[str, nn.Linear]:
    """Give the layers of a body that can be adapted, by name: those that are nothing but linear."""
    # torch.compile and torchao put classes of their own in their place: what they do would be lost.
    return {name: module for name, module in body.named_modules() if type(module) in (nn.Linear, Linear)}


def attach(layer: nn.Linear, adapter: nn.Module) -> None:
    """Put an adapter beside a layer, in place."""
    layer.__class__ = Adapted
    layer.adapter = adapter


def frozen_layers(body: nn.Module) -> dict[str, nn.Linear]:
    """Give the linear layers of an adapted body by name, and none of the adapter's own."""
    named = body.named_modules()
    return {name: module for name, module in named if isinstance(module, nn.Linear) and MARK not in f".{name}"}


def hold(layer: nn.Linear, bits: Bits) -> None:
    """Have a layer hold its weights in few bits, in place; on the device `meta`, too."""
    layer.weight = nn.Parameter(in_bits(layer.weight.detach(), bits), requires_grad=False)
    layer.__class__ = HeldAdapted if isinstance(layer, Adapted) else Held


class LowRank(nn.Module):
    """Add a product of two narrow matrices (LoRA; Hu et al. 2021, arXiv:2106.09685).

    The weights are those of W + scale x up x down. `up` begins with zeros, so that nothing changes at first.
    """

    def __init__(self, layer: nn.Linear, rank: int, scale: float, dropout: float) -> None:
        super().__init__()
        self.scale = scale
        self.down = nn.Parameter(layer.weight.new_empty(rank, layer.in_features))
        self.up = nn.Parameter(layer.weight.new_zeros(layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def added(self, input: Tensor) -> Tensor:
        """Give what is added for (..., I): (..., O)."""
        inner = F.linear(self.dropout(input), self.down)
        return F.linear(inner * self.scale, self.up)

    def forward(self, input: Tensor, output: Tensor, layer: nn.Linear) -> Tensor:
        """Change the output (..., O) that a layer made of its input (..., I)."""
        return output + self.added(input)


class Directed(LowRank):
    """Train the size of each row of the weights apart from its direction (DoRA; Liu et al. 2024, arXiv:2402.09353).

    The weights are those of size x V / |V| with V = W + scale x up x down, |V| being taken of each row. As in the paper's
    section 4.3, no gradient goes through |V|.
    """

    def __init__(self, layer: nn.Linear, rank: int, scale: float, dropout: float) -> None:
        super().__init__(layer, rank, scale, dropout)
        self.size = nn.Parameter(layer.weight.detach().norm(dim=1))

    def forward(self, input: Tensor, output: Tensor, layer: nn.Linear) -> Tensor:
        """Change the output (..., O) that a layer made of its input (..., I)."""
        with torch.no_grad():
            norm = moved(whole(layer.weight), self.down, self.up, self.scale).norm(dim=1)
        factor = (self.size / norm).to(output.dtype)
        if layer.bias is None:
            return factor * (output + self.added(input))
        bias = layer.bias.to(output.dtype)
        return factor * (output - bias + self.added(input)) + bias


class Bottleneck(nn.Module):
    """Narrow what a layer gives, bend it, widen it, and add it (Houlsby et al. 2019, arXiv:1902.00751).

    `up` begins with zeros, so that nothing changes at first.
    """

    def __init__(self, layer: nn.Linear, size: int, dropout: float) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(layer.out_features, size), nn.Linear(size, layer.out_features)
        self.dropout = nn.Dropout(dropout)
        self.to(layer.weight.device)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, input: Tensor, output: Tensor, layer: nn.Linear) -> Tensor:
        """Change the output (..., O) that a layer made."""
        added: Tensor = self.up(F.gelu(self.down(self.dropout(output))))
        return output + added


def moved(weight: Tensor, down: Tensor, up: Tensor, scale: float) -> Tensor:
    """Give weights (O, I) with a product of narrow matrices added."""
    return torch.addmm(weight, up, down, alpha=scale)


def moved_rows(weight: Tensor, down: Tensor, up: Tensor, scale: float, size: Tensor) -> Tensor:
    """Give weights (O, I) with a product of narrow matrices added, their rows brought to sizes (O,)."""
    changed = moved(weight, down, up, scale)
    return changed * (size / changed.norm(dim=1)).unsqueeze(1)


def merged(tensors: Mapping[str, Tensor], change: Callable[..., Tensor]) -> dict[str, Tensor]:
    """Give tensors without those of adapters: `change(weight, **those of a layer)` takes the place of its weight."""
    plain = {name: tensor for name, tensor in tensors.items() if MARK not in name}
    for layer, parts in by_layer(tensors).items():
        plain[f"{layer}.weight"] = change(plain[f"{layer}.weight"], **parts)
    return plain


def by_layer(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Give the tensors of adapters, by the layer that each is beside and by its name there."""
    found: dict[str, dict[str, Tensor]] = defaultdict(dict)
    for name, tensor in tensors.items():
        layer, mark, part = name.partition(MARK)
        if mark:
            found[layer][part] = tensor
    return found
