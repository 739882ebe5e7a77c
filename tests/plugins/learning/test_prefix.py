"""A prefix that is read both ways, and what is predicted from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.objective.prefix_lm import PrefixLM
from llx.plugins.nn.visible import Visible
from llx.plugins.values import IGNORED

SIZES: dict[str, Any] = {"layers": 2, "hidden_size": 32, "heads": 4, "context_length": 32}


def rows(facts: dict[str, Any]) -> dict[str, Any]:
    """Give 200 rows of 33 tokens: documents of 9 and 17, and one of 7 that is padded or goes on in the next row."""
    tokens = np.random.default_rng(3).integers(20, facts["vocab_size"], (200, 33))
    segments = np.repeat(np.repeat([[1, 2, 3]], 200, axis=0), [9, 17, 7], axis=1)
    segments[::2, 29:] = 0
    return {"tokens": tokens, "segments": segments}


@pytest.mark.parametrize("rate", [0.5, 0.25])
def test_what_is_predicted_lies_behind_the_prefix(rate: float, facts: dict[str, Any]) -> None:
    given = rows(facts)
    made = PrefixLM(rate=rate).prepare(given, np.random.default_rng(0), facts)
    targets = made["targets"]
    if "positions" in made:
        assert made["positions"].shape == (200, 16)
        targets = np.full((200, 32), IGNORED)
        np.put_along_axis(targets, made["positions"], made["targets"], axis=1)
    shares, expected = [], []
    for row in range(200):
        for number in (1, 2, 3):
            inside = made["segments"][row] == number
            places = np.flatnonzero(inside)
            prefix = np.flatnonzero(inside & made["prefix"][row])
            assert prefix.tolist() == places[: len(prefix)].tolist()
            assert len(prefix) >= 1
            carried = np.flatnonzero(inside & (targets[row] != IGNORED))
            follows = places[given["segments"][row, places + 1] == number]
            assert carried.tolist() == [place for place in follows if place >= prefix[-1]]
            assert (targets[row, carried] == given["tokens"][row, carried + 1]).all()
            shares.append((len(places) - len(prefix) + 1) / len(places))
            expected.append((1 + int(2 * rate * len(places))) / 2 / len(places))  # evenly from 1 to twice the rate
    assert np.mean(shares) == pytest.approx(np.mean(expected), abs=0.03)
    assert not targets[made["segments"] == 0][targets[made["segments"] == 0] != IGNORED].size


def test_nothing_that_is_predicted_is_seen(facts: dict[str, Any]) -> None:
    torch.manual_seed(0)
    body = Decoder(**SIZES).body(facts["vocab_size"]).eval()
    made = PrefixLM().prepare(rows(facts), np.random.default_rng(0), facts)
    row = 1
    tokens, segments, prefix = (
        torch.from_numpy(made[name][row : row + 1]) for name in ("tokens", "segments", "prefix")
    )
    before = body(tokens, segments, prefix)
    document = np.flatnonzero(made["segments"][row] == 2)
    end = document[made["prefix"][row, document]].max()  # the last place of the prefix
    changed = tokens.clone()
    changed[0, end + 1] = (changed[0, end + 1] + 1) % facts["vocab_size"]
    difference = (body(changed, segments, prefix) - before).abs().amax(dim=-1)[0]
    assert (difference[: end + 1] == 0).all()
    changed = tokens.clone()
    changed[0, end] = (changed[0, end] + 1) % facts["vocab_size"]
    difference = (body(changed, segments, prefix) - before).abs().amax(dim=-1)[0]
    assert (difference[document] > 0).all()  # the last token of the prefix is seen by all of its document
    assert (np.delete(difference.detach().numpy(), document) == 0).all()


def test_a_mask_with_a_prefix() -> None:
    segments, prefix = torch.tensor([[1, 1, 1, 2, 2]]), torch.tensor([[True, True, False, True, False]])
    mask = Visible(segments, causal=True, prefix=prefix).dense()
    assert mask is not None
    assert mask[0, 0].int().tolist() == [
        [1, 1, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 1, 0, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 1, 1],
    ]
    alone = Visible(None, causal=True, prefix=prefix[:, :3]).dense()
    assert alone is not None
    assert alone[0, 0].int().tolist() == [[1, 1, 0], [1, 1, 0], [1, 1, 1]]
    assert Visible(None, causal=False, prefix=prefix).dense() is None


def test_a_prefix_of_everything_makes_a_decoder_look_both_ways(facts: dict[str, Any]) -> None:
    torch.manual_seed(0)
    body = Decoder(**SIZES).body(facts["vocab_size"]).eval()
    tokens = torch.randint(0, facts["vocab_size"], (1, 10))
    changed = tokens.clone()
    changed[0, 9] = (changed[0, 9] + 1) % facts["vocab_size"]
    everything = torch.ones_like(tokens, dtype=torch.bool)
    assert (body(tokens, None, everything) - body(changed, None, everything)).abs()[0, 0].max() > 1e-4
    assert torch.equal(body(tokens)[0, 0], body(changed)[0, 0])
