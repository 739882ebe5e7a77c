"""A body that goes on from a cache gives what it gives without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import pytest
import torch
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.nn.cache import Cache
from llx.plugins.nn.network import Network
from torch import Tensor, nn

SIZES: dict[str, Any] = {"layers": 2, "hidden_size": 32, "heads": 4, "context_length": 16}
VOCABULARY = 50
LLAMA: dict[str, Any] = {"norm": "rms_norm", "activation": "swiglu", "positions": "rope", "bias": False, "kv_heads": 2}


def options() -> Iterator[Any]:
    """Give a decoder for each word and each switch that its fields offer, and the usual ones together."""
    for name, field in Decoder.model_fields.items():
        if get_origin(field.annotation) is Literal:
            words = get_args(field.annotation)
        else:
            words = (True, False) if field.annotation is bool else ()
        for word in words:
            yield pytest.param({name: word}, id=f"{name}={word}")
    yield pytest.param({"kv_heads": 1}, id="one key-value head")
    yield pytest.param(LLAMA, id="llama")


OPTIONS = list(options())


def body_of(changed: dict[str, Any]) -> nn.Module:
    torch.manual_seed(0)
    body = Decoder(**(SIZES | changed)).body(VOCABULARY)
    # First weights mix so little that a token too much or too few could hide below the tolerance.
    with torch.no_grad():
        for parameter in body.parameters():
            parameter.mul_(5) if parameter.dim() > 1 else parameter.add_(torch.randn_like(parameter) * 0.1)
    return body.eval()


def in_parts(body: nn.Module, tokens: Tensor, sizes: list[int], segments: Tensor | None = None) -> Tensor:
    """Read tokens with a cache, so many at once; the segments are those of the first part."""
    cache, parts, start = Cache(tokens.shape[1]), [], 0
    for size in sizes:
        parts.append(body(tokens[:, start : start + size], segments if start == 0 else None, cache=cache))
        start += size
    return torch.cat(parts, dim=1)


@pytest.mark.parametrize("changed", OPTIONS)
def test_a_cache_changes_nothing(changed: dict[str, Any]) -> None:
    body, tokens = body_of(changed), torch.randint(0, VOCABULARY, (3, 16))
    whole = body(tokens)
    for sizes in ([16], [1] * 16, [9, *[1] * 7], [5, 1, 4, 3, 1, 1, 1]):
        assert torch.allclose(in_parts(body, tokens, sizes), whole, atol=2e-5)


@pytest.mark.parametrize("changed", OPTIONS)
def test_padding_on_the_left_is_never_seen(changed: dict[str, Any]) -> None:
    body, tokens = body_of(changed), torch.randint(0, VOCABULARY, (3, 12))
    padded = [0, 3, 7]
    segments = torch.stack([(torch.arange(8) >= count).long() for count in padded])
    got = in_parts(body, tokens, [8, 1, 1, 2], segments)
    for row, count in enumerate(padded):
        alone = body(tokens[row : row + 1, count:])
        assert torch.allclose(got[row : row + 1, count:], alone, atol=2e-5)
    assert torch.isfinite(got).all()


def test_rows_that_are_forgotten_do_not_move_the_others() -> None:
    body, tokens = body_of({}), torch.randint(0, VOCABULARY, (3, 6))
    cache = Cache(6)
    segments = torch.tensor([[1, 1, 1, 1], [0, 1, 1, 1], [0, 0, 0, 1]])
    body(tokens[:, :4], segments, cache=cache)
    cache.keep(torch.tensor([0, 2]))
    got = body(tokens[[0, 2], 4:5], cache=cache)
    assert torch.allclose(got[1], body(tokens[2:, 3:5])[0, -1:], atol=2e-5)
    assert torch.allclose(got[0], body(tokens[:1, :5])[0, -1:], atol=2e-5)


def test_more_tokens_than_there_is_room_for_are_refused() -> None:
    with pytest.raises(AssertionError, match="room for 4"):
        body_of({})(torch.ones(1, 5, dtype=torch.long), cache=Cache(4))


def test_a_cache_is_handed_to_the_body() -> None:
    body, tokens = body_of({}), torch.randint(0, VOCABULARY, (1, 4))
    cache = Cache(4)
    hidden = Network(body).hidden({"tokens": tokens}, cache)
    assert cache.length == 4
    assert torch.allclose(hidden, body(tokens), atol=1e-6)


def test_a_step_runs_on_device_meta() -> None:
    with torch.device("meta"):
        body = Decoder(**(SIZES | LLAMA)).body(VOCABULARY)
        cache = Cache(8)
        tokens = torch.zeros(2, 4, dtype=torch.long)
        body(tokens, torch.ones_like(tokens), cache=cache)
        assert body(tokens[:, :1], cache=cache).shape == (2, 1, 32)
