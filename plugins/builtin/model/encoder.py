"""The model `encoder`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .transformer import TransformerModel


class Encoder(TransformerModel):
    """A bidirectional transformer: each token sees its whole document, as in BERT.

    `norm_placement = post` is BERT's own, and needs a longer warmup than `pre`, which is the default. A ModernBERT has
    `activation = geglu, positions = rope, bias = false, embedding_norm = true` and a `sliding_window` in two of three
    layers.
    """

    name: ClassVar[str] = "encoder"
    example: ClassVar[str] = (
        "encoder { layers = 6, hidden_size = 384, heads = 6, context_length = 256, positions = rope }"
    )
    attention: ClassVar[str] = "bidirectional"

    norm_placement: Annotated[
        Literal["pre", "post"], Field(description="Norms before what a layer adds, or behind the addition")
    ] = "pre"
    embedding_norm: Annotated[
        bool | None, Field(description="Whether the embeddings are normalised; none is with `post` alone")
    ] = None
    token_types: Annotated[
        int, Field(ge=0, le=16, description="Types of tokens that have an embedding: BERT's two tell two texts apart")
    ] = 0

    @property
    def norm_first(self) -> bool:
        return self.norm_placement == "pre"

    @property
    def norms_embeddings(self) -> bool:
        return self.embedding_norm if self.embedding_norm is not None else not self.norm_first

    @property
    def types(self) -> int:
        return self.token_types
