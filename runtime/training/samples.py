"""What a model writes while it is trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from ...plugins.builtin.decoding import DEFAULT
from ...plugins.builtin.tokens import open_tokenizer
from ...plugins.nn.network import Network
from .generate import Author
from .setup import Setup

TOKENS = 40
"""Tokens of each text."""


@contextmanager
def author_of(network: Network, setup: Setup) -> Iterator[Author]:
    """Let a network write that is being trained, with its weights as they are.

    Never through torch.compile, which would make the network anew for each length of the cache.
    """
    writes, training = setup.job.objective.writes, network.training
    assert writes is not None, "checked"
    network.eval()
    try:
        with torch.compiler.set_stance("force_eager" if setup.job.compile else "default"):
            yield Author(
                network,
                writes,
                open_tokenizer(setup.tokenizer),
                setup.facts,
                setup.job.model.shape,
                setup.device,
                setup.dtype,
                setup.seed,
            )
    finally:
        network.train(training)


def samples(network: Network, setup: Setup, prompts: Sequence[str]) -> list[tuple[str, str]]:
    """Continue prompts: pairs of prompt and text, with the same random numbers each time."""
    if not prompts:
        return []
    with author_of(network, setup) as author:
        # A tokenizer without an end token begins no text of its own.
        given = [prompt for prompt in prompts if prompt or "end" in author.facts["roles"]]
        written = author.write(given, DEFAULT.model_copy(update={"max_tokens": TOKENS}))
    return [(author.writing.shown(prompt), one.text) for prompt, one in zip(given, written, strict=True)]
