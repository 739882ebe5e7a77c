"""What a family of models on the Hugging Face hub is called there, and how its weights lie."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..baddata import BadData

if TYPE_CHECKING:
    from ..builtin.model.encoder_decoder import EncoderDecoder
    from ..builtin.model.transformer import TransformerModel

    HubModel = TransformerModel | EncoderDecoder
    """The models that families hold."""

LAYER = "#"
"""Stands for the number of a layer in the names of a rule."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Which tensors of a file are which of ours, in both directions.

    What stands in `theirs` is joined along its first dimension, and cut into what stands in `ours`: a fused projection
    of queries, keys and values there or here is a matter of two lists. `transposed` are GPT-2's matrices. `offset` are
    rows at the beginning that we don't have (RoBERTa's positions). `cut` lets ours be the first rows of theirs. `also`
    is the same under another name: read where `theirs` isn't there, and written beside it. `instead` is read where
    neither is there. Of two rules that name the same tensor of ours, the first whose tensors are all there holds.
    """

    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    transposed: bool = False
    offset: int = 0
    cut: bool = False
    also: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()

    def at(self, layer: int) -> Rule:
        """Give the rule of one layer."""
        ours = tuple(name.replace(LAYER, str(layer)) for name in self.ours)
        theirs = tuple(name.replace(LAYER, str(layer)) for name in self.theirs)
        return Rule(ours, theirs, self.transposed, self.offset, self.cut)


def rule(ours: str, theirs: str, *, transposed: bool = False, offset: int = 0, cut: bool = False) -> tuple[Rule, ...]:
    """Write a rule for the weight and the bias of a module; several names are parted by spaces."""
    return tuple(
        Rule(
            tuple(f"{name}.{part}" for name in ours.split()),
            tuple(f"{name}.{part}" for name in theirs.split()),
            transposed and part == "weight",
            offset,
            cut,
        )
        for part in ("weight", "bias")
    )


class Config:
    """The `config.json` of a folder, whose values are looked at before they are used."""

    def __init__(self, values: Mapping[str, Any], file: str) -> None:
        self.values, self.file = values, file

    def get(self, name: str, default: Any = None) -> Any:
        """Give a value; null counts as absent."""
        value = self.values.get(name)
        return default if value is None else value

    def size(self, name: str, default: int | None = None) -> int:
        """Give a positive whole number; BadData if it is none."""
        value = self.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise self.refused(name)
        return value

    def number(self, name: str, default: float) -> float:
        """Give a number from 0 on; BadData if it is none."""
        value = self.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < float("inf"):
            raise self.refused(name)
        return float(value)

    def one_of(self, name: str, known: Mapping[Any, Any], default: Any) -> Any:
        """Give what a value stands for; BadData if it isn't known."""
        value = self.get(name, default)
        if not isinstance(value, str | int | float | bool) or value not in known:
            raise self.refused(name, known)
        return known[value]

    def refused(self, name: str, known: Mapping[Any, Any] | Sequence[Any] = ()) -> BadData:
        """Give what is wrong with a value."""
        values = {"file": self.file, "name": name, "value": repr(self.values.get(name)), "known": list(known)}
        return BadData("L0693", values, help="L0693.known" if known else "L0693.help")


class Unwritable(Exception):
    """Raised for a model that a family can't hold; `field` and `value` say what is in the way."""

    def __init__(self, field: str, value: object) -> None:
        super().__init__(field, value)
        self.field, self.value = field, value


@dataclass(frozen=True, slots=True)
class Family:
    """Models that share a layout on the hub."""

    model_type: str
    """As `config.json` says it."""
    prefix: str
    """What stands before the names of the body's tensors in a model with a head."""
    rules: tuple[Rule, ...]
    read: Callable[[Config], HubModel]
    """Describes the model of a configuration; BadData for what we don't have."""
    write: Callable[[Any], dict[str, Any]]
    """Gives the configuration of a model; Unwritable for what the family doesn't have."""
    architectures: Mapping[str, str]
    """The class there for each objective by name, and for "" without a head."""
    ignored: tuple[str, ...] = ()
    """Patterns of tensors that say nothing: masks, positions, heads of other tasks."""
    factors: Callable[[Any], Mapping[str, float]] = lambda model: {}
    """Gives what tensors there are multiplied by to be those of our model, by patterns of their names."""

    def objective(self, architecture: str) -> str:
        """Give the name of the objective whose head a class there has; "" without one that we know."""
        return next((name for name, known in self.architectures.items() if known == architecture), "")

    def rules_for(self, layers: int) -> Iterator[Rule]:
        """Give the rules with the layers counted out."""
        for one in self.rules:
            if any(LAYER in name for name in one.ours):
                yield from (one.at(layer) for layer in range(layers))
            else:
                yield one

    def is_head(self, name: str) -> bool:
        """Tell whether a tensor there belongs to a head, whose name stands without the prefix."""
        return any(
            re.fullmatch(re.escape(theirs).replace(re.escape(LAYER), r"\d+"), name)
            for one in self.rules
            if one.ours[0].startswith("head.")
            for theirs in (*one.theirs, *one.also)
        )


def require(model: HubModel, **wanted: object) -> None:
    """Raise Unwritable for the first field that isn't as a family has it; a tuple gives several that are fine."""
    for field, value in wanted.items():
        given = getattr(model, field)
        if given not in (value if isinstance(value, tuple) else (value,)):
            raise Unwritable(field, given)
