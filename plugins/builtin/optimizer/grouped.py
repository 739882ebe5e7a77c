"""What optimizers share: weight decay, and groups of parameters with settings of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from ...component import Place, TaskFailed
from ...fields import LearningRate
from ...values import Optimizer

if TYPE_CHECKING:
    from torch import nn

FUSED = ("cuda", "cpu", "mps", "xpu")
"""Devices for which torch updates all weights in one kernel."""

SETTINGS = ("lr", "weight_decay")
"""What a group may have of its own."""


class GroupedOptimizer(Optimizer):
    """The base of optimizers whose parameters come in groups.

    Matrices decay; norms, biases and embeddings don't. What `groups` says of a pattern comes before that.
    """

    lr: Annotated[LearningRate, Field(description="Learning rate at the schedule's peak")]
    weight_decay: Annotated[float, Field(ge=0, description="The share of a weight, times lr, lost a step")] = 0.0
    groups: Annotated[
        dict[str, dict[str, Annotated[float, Field(ge=0)]]],
        Field(description="By a pattern of parameters' names, the `lr` or `weight_decay` that they have instead"),
    ] = Field(default_factory=dict)
    layer_decay: Annotated[
        float, Field(gt=0, le=1, description="By what the learning rate is multiplied from each layer to the one below")
    ] = 1.0

    @property
    def names_parameters(self) -> bool:
        return bool(self.groups)

    def check(self, place: Place) -> None:
        """Report settings that no group has."""
        for pattern, settings in self.groups.items():
            for setting in settings:
                if setting not in SETTINGS:
                    place.error("groups", "L0540", {"given": setting, "pattern": pattern}, index=pattern)

    def groups_of(self, network: nn.Module) -> list[dict[str, Any]]:
        """Part the trained parameters, each once and in order, into torch's groups.

        Raises TaskFailed for a pattern that no parameter has, and for a parameter that two patterns mean.
        """
        from ...nn.parameters import embedding_weights

        embeddings = embedding_weights(network)
        # A model may ask for other rates of its matrices, as muP does; a pattern's own rate is meant as it stands.
        rate_factors = getattr(network, "rate_factors", None)
        factors: dict[str, float] = rate_factors() if rate_factors is not None else {}
        decays = self._decays(network)
        groups: dict[tuple[Any, ...], dict[str, Any]] = {}
        own = dict(self._settings(network))
        for name, parameter in network.named_parameters():
            if not parameter.requires_grad:
                continue
            matrix = parameter.dim() >= 2 and id(parameter) not in embeddings
            lr = self.rate * factors.get(name, 1.0) * decays.get(name, 1.0)
            settings = {"lr": lr, "weight_decay": self.weight_decay if matrix else 0.0} | own.get(name, {})
            settings |= self.marks(name, matrix)
            group = groups.setdefault(tuple(settings.values()), {"params": [], **settings})
            group["params"].append(parameter)
        return list(groups.values())

    def marks(self, name: str, matrix: bool) -> dict[str, Any]:
        """Give what else a parameter's group is marked with; `matrix` is one that is no embedding."""
        return {}

    def _decays(self, network: nn.Module) -> dict[str, float]:
        """Give what `layer_decay` makes of the learning rate of each parameter: 1 above the layers, and less below.

        So BERT-like models are tuned since ELECTRA (Clark et al. 2020, arXiv:2003.10555); the exponents are BEiT's, 1 for
        the top layer and one more than there are layers for the embeddings.
        """
        from ...nn.parameters import depths

        if self.layer_decay == 1.0:
            return {}
        depth_of = depths(network)
        top = max(depth_of.values(), default=0)
        return {name: self.layer_decay ** (top - depth) for name, depth in depth_of.items()}

    def _settings(self, network: nn.Module) -> Iterator[tuple[str, dict[str, float]]]:
        """Give the settings of each parameter that a pattern means, by its name."""
        from ...nn.parameters import meant, some_names

        seen: dict[str, str] = {}
        for pattern, settings in self.groups.items():
            found = meant(network, pattern)
            if not found:
                values: dict[str, object] = {"pattern": pattern, **some_names(network)}
                raise TaskFailed("L0541", values, field="groups", help="L0541.help", component=self)
            for name in found:
                if name in seen:
                    values = {"pattern": pattern, "other": seen[name], "parameter": name}
                    raise TaskFailed("L0542", values, field="groups", help="L0542.help", component=self)
                seen[name] = pattern
                yield name, settings


def can_be_fused(network: nn.Module) -> bool:
    """Tell whether torch has a kernel that updates all weights of the network at once."""
    return all(parameter.device.type in FUSED for parameter in network.parameters() if parameter.requires_grad)
