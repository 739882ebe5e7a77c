"""What adapters of linear layers share: which layers they are put beside."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ...adapters import BLOCK, Adapter, Bits
from ...component import Place, TaskFailed
from ...extras import check_library
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
    base: Bits | None = Field(
        None, description="What the body's linear layers are held in while it is trained beside them; none is float32"
    )

    @abstractmethod
    def beside(self, layer: nn.Linear) -> nn.Module:
        """Make the module for a layer; called as `module(input, output, layer)` it gives another output."""

    def takes(self, name: str) -> bool:
        """Tell whether a layer of this name is one that it may stand beside."""
        return True

    def check(self, place: Place) -> None:
        """Report a base in few bits without the library that makes them."""
        if self.base is not None:
            check_library(place, f"base = {self.base}", "torchao", "qlora")

    def check_model(self, place: Place, model: Model, objective: Objective, field: str) -> None:
        layers = model.linear_layers()
        if layers is None:
            return  # a plugin's model: `adapt` and `hold` ask again
        for name, sizes in layers.items():
            if values := self._uneven(name, *sizes):
                place.error(field, "L0732", values, help="L0732.help")
                return
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

    def hold(self, body: nn.Module) -> None:
        if self.base is not None:
            from ...nn.adapters import hold

            for layer in self._held(body):
                hold(layer, self.base)

    def spared(self, body: nn.Module) -> int:
        if self.base is None:
            return 0
        from ...nn.held import bytes_in

        return sum(layer.weight.numel() * 4 - bytes_in(layer.weight, self.base) for layer in self._held(body))

    def _held(self, body: nn.Module) -> Iterable[nn.Linear]:
        """Give the layers of the base. Raises TaskFailed for one whose weights nf4 has no whole blocks of."""
        from ...nn.adapters import frozen_layers

        layers = frozen_layers(body)
        for name, layer in layers.items():
            if values := self._uneven(name, layer.in_features, layer.out_features):
                raise TaskFailed("L0732", values, field="base", help="L0732.help", component=self)
        return layers.values()

    def _uneven(self, name: str, inputs: int, outputs: int) -> dict[str, object] | None:
        """Say of a layer that nf4 has no whole blocks of, what is to be told of it."""
        if self.base != "nf4" or inputs * outputs % BLOCK == 0:
            return None
        return {"layer": f"body.{name}", "inputs": inputs, "outputs": outputs, "block": BLOCK}

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
