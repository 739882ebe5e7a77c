"""The loss of each source of a mixture."""

from __future__ import annotations

import torch

from ...plugins.nn.network import Network
from .loader import tensors, to_device
from .order import Mixture, key
from .precision import autocast
from .setup import Setup
from .team import Team


def losses_by_source(network: Network, setup: Setup, step: int, rows: int) -> dict[str, float]:
    """Give the mean loss of the rows of a step by source, before the step learns from them and without dropout.

    A step's own loss is a sum over all of its rows; so its rows are read once more, `rows` at once, which is why this is
    done now and then. Empty without a mixture.
    """
    order = setup.order
    if not isinstance(order, Mixture):
        return {}
    drawn = order.rows(step)
    found = {}
    training = network.training
    network.eval()
    try:
        for source in order.sources:
            own = drawn[(drawn >= source.start) & (drawn < source.end)]
            if not len(own):
                continue
            batch = setup.reader.prepared(own, key(setup.seed, "source", source.name, step))
            count = float(setup.job.objective.count(batch))
            total = 0.0
            shares = (share for share, _ in Team().share(len(own), rows))
            for part in tensors(batch, shares):
                moved = to_device(part, setup.device)
                with torch.no_grad(), autocast(setup.device, setup.dtype):
                    total += float(setup.job.objective.loss(network, moved)[0])
            found[source.name] = total / (count or 1.0)
    finally:
        network.train(training)
    return found
