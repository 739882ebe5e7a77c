"""What a model writes while it is trained."""

from __future__ import annotations

from collections.abc import Sequence

from ...plugins.builtin.decoding import DEFAULT
from ...plugins.builtin.tokens import open_tokenizer
from ...plugins.nn.network import Network
from .generate import Author
from .setup import Setup

TOKENS = 40
"""Tokens of each text."""


def samples(network: Network, setup: Setup, prompts: Sequence[str]) -> list[tuple[str, str]]:
    """Continue prompts with the weights as they are: pairs of prompt and text, with the same random numbers each time."""
    if not prompts:
        return []
    training = network.training
    network.eval()
    try:
        author = Author(
            network,
            open_tokenizer(setup.tokenizer),
            setup.facts["roles"],
            setup.job.model.shape.context_length,
            setup.device,
            setup.dtype,
            setup.seed,
        )
        written = author.write(prompts, DEFAULT.model_copy(update={"max_tokens": TOKENS}))
    finally:
        network.train(training)
    return [(prompt, one.text) for prompt, one in zip(prompts, written, strict=True)]
