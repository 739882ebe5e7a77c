"""The last layer of the positions that are read is that of all of them, and gives the same gradients."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.model.encoder import Encoder
from llx.plugins.nn.gather import gather_positions
from llx.plugins.nn.network import Network
from torch import Tensor

SIZES: dict[str, Any] = {"layers": 2, "hidden_size": 16, "heads": 4, "context_length": 64, "dropout": 0.0}
MODELS = {
    "encoder": Encoder(**SIZES),
    "BERT": Encoder(**SIZES, positions="learned", norm="layer_norm"),
    "decoder": Decoder(**SIZES),
    "Llama": Decoder(**SIZES, positions="rope", norm="rms_norm", kv_heads=2),
    "window": Encoder(**SIZES, positions="rope", sliding_window=4),
}
LENGTH = 64


def documents(*lengths: int) -> list[int]:
    """Number documents of these lengths from 1, 0 behind them."""
    numbers = [number for number, length in enumerate(lengths, 1) for _ in range(length)]
    return numbers + [0] * (LENGTH - len(numbers))


ROWS = {
    "whole": None,
    "padded": torch.tensor([documents(60), documents(30)]),  # long enough to be unpadded
    "packed": torch.tensor([documents(30, 34), documents(40)]),
    "short": torch.tensor([documents(5, 9), documents(3)]),
}


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("name", MODELS)
def test_what_is_read_is_the_same_and_so_are_gradients(name: str, rows: str) -> None:
    torch.manual_seed(1)
    network = Network(MODELS[name].body(20)).double()
    batch: dict[str, Tensor] = {"tokens": torch.randint(20, (2, LENGTH))}
    segments = ROWS[rows]
    if segments is not None:
        batch["segments"] = segments
    at = torch.tensor([[2, 0, 11, 2], [1, 0, 0, 2]])  # in no order, and one twice
    weights = torch.randn(2, 4, 16, dtype=torch.float64)

    def gradients(states: Tensor) -> list[Tensor]:
        found = torch.autograd.grad((states * weights).sum(), list(network.parameters()), allow_unused=True)
        return [torch.zeros(()) if one is None else one for one in found]

    picked, whole = network.hidden(batch, at=at), gather_positions(network.hidden(batch), at)
    torch.testing.assert_close(picked, whole, rtol=1e-9, atol=1e-10)
    for found, expected in zip(gradients(picked), gradients(whole), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-10)


def test_a_prefix_is_seen_from_before_it() -> None:
    torch.manual_seed(1)
    network = Network(Decoder(**SIZES).body(20)).double()
    prefix = torch.arange(LENGTH).expand(2, -1) < torch.tensor([[10], [5]])
    batch = {"tokens": torch.randint(20, (2, LENGTH)), "prefix": prefix}
    at = torch.tensor([[2, 20], [1, 4]])
    picked, whole = network.hidden(batch, at=at), gather_positions(network.hidden(batch), at)
    torch.testing.assert_close(picked, whole, rtol=1e-9, atol=1e-10)


def test_only_what_is_read_goes_through_the_last_feed_forward() -> None:
    network = Network(Encoder(**SIZES).body(20))
    seen: list[int] = []
    for block in network.body.blocks:  # type: ignore[union-attr]
        block.feedforward.register_forward_hook(lambda _, given, __: seen.append(given[0].shape[1]))
    network.hidden({"tokens": torch.zeros(2, LENGTH, dtype=torch.long)}, at=torch.zeros(2, 3, dtype=torch.long))
    assert seen == [LENGTH, 3]
