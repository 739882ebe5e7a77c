"""Which arrays of a batch a body is called with."""

from __future__ import annotations

from typing import ClassVar

import torch
from llx.plugins.nn.network import Network
from torch import Tensor, nn


class Noting(nn.Module):
    """Notes what it is called with."""

    def forward(self, *given: Tensor | None) -> Tensor:
        self.given = given
        return torch.zeros(1)


class NotingPairs(Noting):
    streams: ClassVar[tuple[str, ...]] = ("source_tokens", "source_segments", "target_tokens")


def test_a_body_that_says_nothing_is_called_with_tokens_and_segments() -> None:
    body, tokens, segments = Noting(), torch.ones(2, 3), torch.ones(2, 3)
    Network(body).hidden({"segments": segments, "targets": tokens, "tokens": tokens})
    assert body.given == (tokens, segments)
    Network(body).hidden({"tokens": tokens})
    assert body.given == (tokens, None)


def test_a_body_is_called_with_the_streams_that_it_names() -> None:
    body, source, target = NotingPairs(), torch.ones(2, 3), torch.zeros(2, 3)
    Network(body).hidden({"target_tokens": target, "source_tokens": source, "tokens": target})
    assert body.given == (source, None, target)
