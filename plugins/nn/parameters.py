"""The parameters of a network: which ones a name means, how deep they lie, and what it costs to train them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from torch import nn

from ..component import TaskFailed

EMBEDDING = "embedding"
"""The word for all that is looked up: tokens, positions, types."""
_SHOWN = 3
"""Names of parameters in a message."""


def meant(network: nn.Module, pattern: str) -> list[str]:
    """Give the names of the parameters that a pattern means.

    `*` stands for anything; a name without its end means all below it (`body`, `body.blocks.0`); and `embedding` means
    every table that is looked up.
    """
    if pattern == EMBEDDING:
        tables = embedding_weights(network)
        return [name for name, parameter in network.named_parameters() if id(parameter) in tables]
    names = [name for name, _ in network.named_parameters()]
    return [name for name in names if fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}.*")]


def some_names(network: nn.Module) -> dict[str, object]:
    """Give how many parameters there are and what the first ones are called, for a message about a name."""
    names = [name for name, _ in network.named_parameters()]
    return {"names": ", ".join(names[:_SHOWN]), "count": len(names)}


def embedding_weights(network: nn.Module) -> set[int]:
    """Give the identities of the weights that are looked up and not multiplied with."""
    return {
        id(parameter)
        for module in network.modules()
        if isinstance(module, nn.Embedding)
        for parameter in module.parameters(recurse=False)
    }


def freeze(network: nn.Module, patterns: Iterable[str]) -> None:
    """Have the parameters that patterns mean get no gradient, and so no optimizer state and no decay.

    Raises TaskFailed for a pattern that means none, and if nothing is left to be trained.
    """
    parameters = dict(network.named_parameters())
    for pattern in patterns:
        names = meant(network, pattern)
        if not names:
            values = {"pattern": pattern, **some_names(network)}
            raise TaskFailed("L0740", values, field="freeze", help="L0740.help")
        for name in names:
            parameters[name].requires_grad_(False)
    if not any(parameter.requires_grad for parameter in parameters.values()):
        raise TaskFailed("L0741", {"count": len(parameters)}, field="freeze", help="L0741.help")


def layers_of(module: nn.Module) -> Iterator[nn.Module]:
    """Give the layers of a body: the members of its module lists in order, not those of lists within them."""
    for child in module.children():
        if isinstance(child, nn.ModuleList):
            yield from child
        else:
            yield from layers_of(child)


def depths(network: nn.Module) -> dict[str, int]:
    """Give how deep each parameter lies: 0 below the first layer, 1 to n for n layers, n + 1 above the last.

    An encoder's layers come before its decoder's. What stands between two layers belongs to the lower one; a tied
    projection to the vocabulary is the embedding, and lies below.
    """
    layers = list(layers_of(getattr(network, "body", network)))
    layer_of = {id(parameter): depth for depth, layer in enumerate(layers, 1) for parameter in layer.parameters()}
    found, reached = {}, 0
    for name, parameter in network.named_parameters():
        reached = max(reached, layer_of.get(id(parameter), 0))
        above = name.startswith("head.") or 0 < reached == len(layers)
        found[name] = layer_of.get(id(parameter), len(layers) + 1 if above else reached)
    return found


def reached_part(network: nn.Module) -> float:
    """Give the part of a network's matrices, by size, that a backward pass goes through: all above what is trained."""
    sizes, depth_of = _matrices(network), depths(network)
    trained = [depth_of[name] for name, parameter in network.named_parameters() if parameter.requires_grad]
    lowest = min(trained, default=0)
    return sum(size for depth, size, _ in sizes if depth >= lowest) / max(sum(size for _, size, _ in sizes), 1)


def passes(network: nn.Module) -> float:
    """Give the operations of a training step, counted in forward passes: 3 where all is trained.

    One for the pass itself, up to one for the gradients of what layers hand on (down to the lowest that is trained), and up
    to one for those of the weights.
    """
    sizes = _matrices(network)
    trained = sum(size for _, size, is_trained in sizes if is_trained) / max(sum(size for _, size, _ in sizes), 1)
    return 1 + reached_part(network) + trained


def _matrices(network: nn.Module) -> list[tuple[int, int, bool]]:
    """Give depth and size of all that is multiplied with, a tied projection as its head's, and whether it is trained."""
    tables, depth_of = embedding_weights(network), depths(network)
    top = max(depth_of.values(), default=0)
    found = [
        (depth_of[name], parameter.numel(), parameter.requires_grad)
        for name, parameter in network.named_parameters()
        if parameter.dim() >= 2 and id(parameter) not in tables
    ]
    head = getattr(network, "head", None)
    tied = {id(p): p for p in head.parameters() if id(p) in tables} if isinstance(head, nn.Module) else {}
    return [*found, *((top, parameter.numel(), parameter.requires_grad) for parameter in tied.values())]
