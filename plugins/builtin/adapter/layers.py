"""What adapters of linear layers share: which layers they are put beside."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ...adapters import Adapter
from ...component import Place, TaskFailed
from ...models import Model
from ...values import Objective

if TYPE_CHECKING:
    from torch import nn

Layers = Literal["all", "attention", "feedforward"] | str
"""Layers of a body: a word for those of a sort, or a pattern of their names."""

WORDS = {"all": ("*",), "attention": ("*.attention.*", "*.cross.*"), "feedforward": ("*.feedforward.*",)}
_SHOWN = 12
"""Names of layers in a message."""


class LayerAdapter(Adapter):
    """The base of adapters that stand beside linear layers of the body."""

    targets: Layers | list[Layers] = Field(
        "all", description="The layers: `attention`, `feedforward`, `all`, or patterns of their names (`*.qkv`)"
    )

    @abstractmethod
    def beside(self, layer: nn.Linear) -> nn.Module:
        """Make the module for a layer; called as `module(input, output, layer)` it gives another output."""

    def takes(self, name: str) -> bool:
        """Tell whether a layer of this name is one that it may stand beside."""
        return True

    def check_model(self, place: Place, model: Model, objective: Objective, field: str) -> None:
        layers = model.linear_layers()
        if layers is None:
            return  # a plugin's model: `adapt` asks again
        names = [f"body.{name}" for name in layers]
        for pattern in self.patterns:
            if not self.meant(names, pattern):
                place.error(field, "L0725", self._unknown(names, pattern), help="L0725.help")

    def adapt(self, body: nn.Module) -> None:
        from ...nn.adapters import attach, linear_layers

        layers = {f"body.{name}": layer for name, layer in linear_layers(body).items()}
        chosen: set[str] = set()
        for pattern in self.patterns:
            found = self.meant(layers, pattern)
            if not found:
                values = self._unknown(layers, pattern)
                raise TaskFailed("L0725", values, field="targets", help="L0725.help", component=self)
            chosen.update(found)
        for name, layer in layers.items():
            if name in chosen:
                attach(layer, self.beside(layer))

    @property
    def patterns(self) -> list[Layers]:
        return self.targets if isinstance(self.targets, list) else [self.targets]

    def meant(self, names: Iterable[str], pattern: str) -> list[str]:
        """Give the names that a word or a pattern means: whole ones, their ends (`qkv`), and all below a beginning."""
        shapes = [shape for one in WORDS.get(pattern, (pattern,)) for shape in (one, f"{one}.*", f"*.{one}")]
        return [name for name in names if self.takes(name) and any(fnmatchcase(name, shape) for shape in shapes)]

    def _unknown(self, names: Iterable[str], pattern: str) -> dict[str, object]:
        # Layers of one sort differ in a number.
        sorts = dict.fromkeys(re.sub(r"\d+", "*", name) for name in names if self.takes(name))
        return {"pattern": pattern, "names": list(sorts)[:_SHOWN]}
