"""Hidden states and gradients are the same with the padding left out; what needs the rows keeps them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from llx.plugins.builtin.feedforward.dense import Dense
from llx.plugins.builtin.feedforward.moe import MixtureOfExperts
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.model.encoder import Encoder
from llx.plugins.nn import unpadded
from llx.plugins.nn.unpadded import Unpadded

SEGMENTS = torch.tensor([[1] * 30 + [0] * 18, [1] * 20 + [2] * 25 + [0] * 3, [1] * 48, [1] * 10 + [0] * 38])
SIZES: dict[str, Any] = {"layers": 2, "hidden_size": 16, "heads": 2, "context_length": 48, "dropout": 0.0}


def run(model: Any, segments: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Give the hidden states of what is no padding, and the gradients of all weights."""
    torch.manual_seed(1)
    body = model.body(40).double()
    tokens = torch.randint(0, 40, segments.shape, generator=torch.Generator().manual_seed(2))
    hidden = body(tokens, segments)
    real = hidden[segments != 0]
    real.square().sum().backward()
    return real.detach(), [p.grad for p in body.parameters() if p.grad is not None]


@pytest.mark.parametrize(
    "model",
    [
        Encoder(**SIZES),
        Encoder(**SIZES, positions="learned", token_types=2),
        Decoder(**SIZES, positions="rope", kv_heads=1),
        Decoder(**SIZES, positions="learned"),
        Decoder(**SIZES, positions="rope", sliding_window=48),
    ],
    ids=["encoder", "learned", "grouped", "learned decoder", "wide window"],
)
def test_padding_left_out_changes_nothing(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    without = run(model, SEGMENTS)
    monkeypatch.setattr(unpadded, "LEAST_TOKENS", 1000)  # never worth while
    with_ = run(model, SEGMENTS)
    torch.testing.assert_close(without, with_, rtol=1e-4, atol=1e-5)


def test_every_token_is_in_its_document() -> None:
    found = Unpadded(SEGMENTS)
    assert found.lengths == [30, 20, 25, 48, 10]
    assert found.flat(SEGMENTS).tolist() == [[1] * 50 + [2] * 25 + [1] * 58]
    back = found.rows(found.flat(SEGMENTS).unsqueeze(-1).float())
    assert torch.equal(back.squeeze(-1).long(), SEGMENTS)


@pytest.mark.parametrize(
    ("model", "segments"),
    [
        (Decoder(**SIZES, positions="rope", sliding_window=16), SEGMENTS),
        (Encoder(**SIZES, feedforward=MixtureOfExperts(experts=2)), SEGMENTS),
        (Encoder(**SIZES), torch.arange(1, 49).repeat(2, 1)),
        (Encoder(**SIZES), SEGMENTS.to("meta")),
    ],
    ids=["a window that hides", "experts, whose balance is by row", "documents of a token", "not on the CPU"],
)
def test_where_rows_are_needed_or_nothing_is_gained_padding_stays(model: Any, segments: torch.Tensor) -> None:
    assert model.body(40)._unpadded(segments, None) is None


def test_dense_layers_read_every_token_by_itself() -> None:
    assert Dense.by_token and not MixtureOfExperts.by_token
