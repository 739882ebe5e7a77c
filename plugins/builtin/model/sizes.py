"""What all models of attention and feed-forward layers have in common: sizes that follow from others, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Protocol

from ...component import Place
from ...models import Initialisation, Shape
from ...nn.spec import GATED, ActivationName, Spec

MOST_PARAMETERS = 2**40
"""Beyond this a model is a slip of the keyboard, and is refused before anything is computed from it."""

USUAL_EPS = {"layer_norm": 1e-5, "rms_norm": 1e-6}


class Sized(Protocol):
    """The fields that the sizes follow from."""

    @property
    def hidden_size(self) -> int: ...
    @property
    def heads(self) -> int: ...
    @property
    def head_size(self) -> int | None: ...
    @property
    def ffn_size(self) -> int | None: ...
    @property
    def activation(self) -> ActivationName: ...
    @property
    def context_length(self) -> int: ...
    @property
    def tied_embeddings(self) -> bool: ...
    @property
    def dropout(self) -> float: ...
    @property
    def norm_eps(self) -> float | None: ...
    @property
    def bias(self) -> bool: ...
    @property
    def initialisation(self) -> Initialisation: ...


def shape_of(model: Sized, attention: str) -> Shape:
    """Give what an objective may know of a model."""
    return Shape(
        model.hidden_size,
        model.context_length,
        attention,
        model.tied_embeddings,
        model.dropout,
        norm_eps=model.norm_eps or USUAL_EPS["layer_norm"],
        bias=model.bias,
        readout=model.initialisation.readout(model.hidden_size),
    )


def head_width(model: Sized) -> int:
    """Give the width of a head."""
    return model.head_size or model.hidden_size // model.heads


def inner_size(model: Sized) -> int:
    """Give the inner width of the feed-forward layers."""
    if model.ffn_size is not None:
        return model.ffn_size
    if model.activation not in GATED:
        return 4 * model.hidden_size
    # Three matrices in the place of two: 8/3 keeps the parameters of 4, in whole multiples of 64 for the kernels.
    return -(-8 * model.hidden_size // (3 * 64)) * 64


def heads_fit(model: Sized, place: Place, values: dict[str, object]) -> bool:
    """Report heads that don't divide the hidden size; tell whether they do, or have a size of their own."""
    if model.head_size is not None or model.hidden_size % model.heads == 0:
        return True
    # As far as any model has them.
    fitting = [heads for heads in range(1, min(model.hidden_size, 1024) + 1) if model.hidden_size % heads == 0]
    nearest = min(fitting, key=lambda heads: abs(heads - model.heads))
    place.error("heads", "L0520", values | {"nearest": nearest}, help="L0520.help")
    return False


def layers_of(spec: Spec) -> Iterator[tuple[str, tuple[int, int]]]:
    """Give the linear layers of a block by name, with the width of what goes in and of what comes out."""
    query, pair = spec.heads * spec.head_size, 2 * spec.kv_heads * spec.head_size
    yield "attention.qkv", (spec.hidden_size, query + pair)
    yield "attention.output", (query, spec.hidden_size)
    for name, size in spec.feedforward.linear_layers(spec).items():
        yield f"feedforward.{name}", size


def check_readout(model: Sized, place: Place) -> None:
    """Report a scale of the vocabulary projection where that is the token embedding."""
    if model.tied_embeddings and model.initialisation.readout(model.hidden_size) is not None:
        place.error("tied_embeddings", "L0532", {"initialisation": model.initialisation.name}, help="L0532.help")


def check_total(parameters: int, place: Place) -> None:
    """Report a model that no machine holds."""
    if parameters > MOST_PARAMETERS:
        # From the bits, because such a number may be too large for a float, and for writing it out.
        exponent = int(parameters.bit_length() * math.log10(2))
        place.error(None, "L0523", {"exponent": exponent}, help="L0523.help")
