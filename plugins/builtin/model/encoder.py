"""The model `encoder`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .transformer import TransformerModel


class Encoder(TransformerModel):
    """A bidirectional transformer: each token sees its whole document, as in BERT.

    `norm_placement = post` is BERT's own, and needs a longer warmup than `pre`, which is the default.
    """

    name: ClassVar[str] = "encoder"
    example: ClassVar[str] = (
        "encoder { layers = 6, hidden_size = 384, heads = 6, context_length = 256, positions = rope }"
    )
    attention: ClassVar[str] = "bidirectional"

    norm_placement: Annotated[
        Literal["pre", "post"], Field(description="Norms before what a layer adds, or behind the addition")
    ] = "pre"

    @property
    def norm_first(self) -> bool:
        return self.norm_placement == "pre"
