"""What of a network a stage trains, and what that costs: known before it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....dsl.record import Record
from ...component import Facts

if TYPE_CHECKING:
    from .training import TrainingStage


class Trained(Record):
    """How much of a network is trained."""

    parameters: int
    embedded: int
    """Those of them that are looked up."""
    passes: float
    """The operations of a step, in forward passes."""
    kept: float
    """The part of what a forward pass makes that is kept for the backward pass."""
    spared: int = 0
    """By how many bytes less than in float32 its weights are held."""


def looked_at(stage: TrainingStage, facts: Facts) -> Trained | None:
    """Give what a stage trains; None if that is everything.

    It builds the network on the device `meta` where names of parameters or an adapter are given, so that torch is imported for such a
    stage alone. Raises TaskFailed for a name that no parameter has.
    """
    adapter = stage.described_adapter()
    if not stage.frozen and adapter is None and not stage.optimizer.names_parameters:
        return None
    from ...nn.adapters import freeze_beside
    from ...nn.outline import outline
    from ...nn.parameters import embedding_weights, freeze, passes, reached_part

    network = outline(stage.described_model(), stage.objective, facts)
    spared = 0
    if adapter is not None:
        adapter.adapt(network.body)
        spared = adapter.spared(network.body)
        freeze_beside(network, stage.head_is_new)
    freeze(network, stage.frozen)
    if stage.optimizer.names_parameters:
        stage.optimizer.model_copy(update={"lr": 1.0} if stage.optimizer.lr == "auto" else {}).build(network)
    if not stage.frozen and adapter is None:
        return None
    tables = embedding_weights(network)
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    return Trained(
        parameters=sum(parameter.numel() for parameter in trained),
        embedded=sum(parameter.numel() for parameter in trained if id(parameter) in tables),
        passes=passes(network),
        kept=reached_part(network),
        spared=spared,
    )
