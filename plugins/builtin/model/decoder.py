"""The model `decoder`."""

from __future__ import annotations

from typing import ClassVar

from .transformer import TransformerModel


class Decoder(TransformerModel):
    """A causal transformer: each token sees what stands before it.

    By its fields it is a GPT-2 (the default) or a Llama (`norm = rms_norm, activation = swiglu, positions = rope,
    bias = false`), with `qk_norm = true` a Qwen 3, with a `sliding_window` a Mistral, and with
    `feedforward = moe { experts = 8 }` a Mixtral. The norms stand before what a layer adds.
    """

    name: ClassVar[str] = "decoder"
    example: ClassVar[str] = "decoder { layers = 6, hidden_size = 384, heads = 6, context_length = 256, dropout = 10% }"
    attention: ClassVar[str] = "causal"
    takes_prefix: ClassVar[bool] = True
