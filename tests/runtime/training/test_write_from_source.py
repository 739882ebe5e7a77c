"""Texts from networks that read a source, or a prefix both ways."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from llx.plugins.builtin.decoding.greedy import Greedy
from llx.plugins.builtin.decoding.sample import Sample
from llx.plugins.builtin.model.encoder_decoder import EncoderDecoder
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.masked_lm import MaskedLM
from llx.plugins.builtin.objective.mixed import Mixed
from llx.plugins.builtin.objective.prefix_lm import PrefixLM
from llx.plugins.builtin.objective.sequence_to_sequence import SequenceToSequence
from llx.plugins.builtin.objective.span_corruption import SpanCorruption
from llx.plugins.models import Shape
from llx.plugins.nn.network import Network
from llx.plugins.values import Decoding, Objective
from llx.plugins.writing import Opening
from llx.runtime.training.build import build
from llx.runtime.training.writer import Row, Writer
from small import small_model

ROLES = {"end": 0, "mask": 1, "pad": 2}
VOCABULARY, CONTEXT = 12, 32
SHAPE = Shape(hidden_size=32, context_length=CONTEXT, attention="encoder_decoder")
PROMPTS = [[3, 4, 5], [], [6, 7, 8, 9, 10, 11] * 8, [9]]


def paired(**fields: Any) -> EncoderDecoder:
    return EncoderDecoder(layers=2, hidden_size=32, heads=2, context_length=CONTEXT, decoder_layers=3, **fields)


def a_network(model: Any, objective: Objective) -> Network:
    network = build(model, objective, {"vocab_size": VOCABULARY, "roles": ROLES}, 0).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(3) if parameter.dim() > 1 else None
    return network


def written(network: Network, openings: Sequence[Opening], decoding: Decoding, roles: dict[str, int]) -> list[Row]:
    writer = Writer(network, decoding, roles, CONTEXT, torch.device("cpu"), torch.float32)
    rows = [Row.opened(one, np.random.default_rng(number)) for number, one in enumerate(openings)]
    writer.write(rows, lambda row, token: None)
    return rows


def openings_of(objective: Objective, shape: Shape = SHAPE) -> list[Opening]:
    return [objective.opening(prompt, ROLES, shape) for prompt in PROMPTS]


def test_openings_are_what_training_had() -> None:
    paired, corrupted = SequenceToSequence(), SpanCorruption()
    assert paired.opening([3, 4], ROLES, SHAPE) == Opening([2], source=[3, 4, 0])
    assert paired.opening([3, 4], {"end": 0}, SHAPE) == Opening([0], source=[3, 4, 0])
    assert paired.opening([3] * 99, ROLES, SHAPE).source == [3] * 31 + [0]
    decoder = small_model().shape
    assert paired.opening([3, 4], ROLES, decoder) == Opening([0, 3, 4, 0])
    assert paired.opening([3] * 99, ROLES | {"start": 5}, decoder).tokens == [5, *[3] * 14, 0], (
        "half is left for what is written"
    )
    assert SequenceToSequence(prefix=True).opening([3], ROLES, decoder) == Opening([0, 3, 0], prefix=True)
    # Of documents in rows, each stands between two such tokens.
    assert corrupted.opening([3, 4], ROLES, SHAPE) == Opening([2], source=[0, 3, 4, 0])
    assert corrupted.opening([3, 4], ROLES | {"start": 5}, SHAPE) == Opening([2], source=[5, 3, 4, 0])
    assert PrefixLM().opening([3, 4], ROLES, SHAPE) == Opening([0, 3, 4], prefix=True)
    assert CausalLM().opening([3, 4], {}, SHAPE) == Opening([3, 4])
    assert [one.shown("a") for one in (paired, corrupted, PrefixLM())] == ["a → ", "a → ", "a"]
    mixed = Mixed(parts={"masked": MaskedLM(), "prefix": PrefixLM()}, shares={"masked": 0.5, "prefix": 0.5})
    assert mixed.writes.opening([3, 4], ROLES, SHAPE) == Opening([0, 3, 4], prefix=True)


@pytest.mark.parametrize("positions", ["relative", "learned", "sinusoidal"])
@pytest.mark.parametrize("decoding", [Greedy(max_tokens=50), Sample(max_tokens=50)], ids=["greedy", "sample"])
def test_the_cache_changes_no_token(positions: Any, decoding: Decoding, monkeypatch: pytest.MonkeyPatch) -> None:
    objective = SequenceToSequence()
    network = a_network(paired(positions=positions), objective)
    for roles in (ROLES, {}):
        with_cache = written(network, openings_of(objective), decoding, roles)
        with monkeypatch.context() as patch:
            patch.setattr(type(network.body), "takes_cache", False)
            without = written(network, openings_of(objective), decoding, roles)
        assert [row.tokens for row in with_cache] == [row.tokens for row in without]
        if not roles:
            assert {row.written for row in with_cache} == {50}
            assert len({tuple(row.tokens) for row in with_cache}) == len(PROMPTS), "the source is read"


def test_the_source_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    objective = SequenceToSequence()
    network = a_network(paired(), objective)
    counts = {"encoder": 0, "keys": 0}
    body: Any = network.body
    body.encoder["blocks"][0].register_forward_pre_hook(lambda *given: counts.update(encoder=counts["encoder"] + 1))
    cross = body.decoder["blocks"][0].cross.key_value
    cross.register_forward_pre_hook(lambda *given: counts.update(keys=counts["keys"] + 1))
    written(network, openings_of(objective), Greedy(max_tokens=CONTEXT - 1), {})
    assert counts == {"encoder": 1, "keys": 1}


def test_a_source_is_written_from_alike_beside_others() -> None:
    objective = SequenceToSequence()
    network = a_network(paired(), objective)
    together = written(network, openings_of(objective), Greedy(max_tokens=20), {})
    for opening, row in zip(openings_of(objective), together, strict=True):
        [alone] = written(network, [opening], Greedy(max_tokens=20), {})
        assert alone.tokens == row.tokens


def test_a_prefix_is_read_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    objective = PrefixLM()
    network = a_network(small_model(), objective)
    with_cache = written(network, openings_of(objective), Greedy(max_tokens=50), {})
    with monkeypatch.context() as patch:
        patch.setattr(type(network.body), "takes_cache", False)
        without = written(network, openings_of(objective), Greedy(max_tokens=50), {})
    assert [row.tokens for row in with_cache] == [row.tokens for row in without]
    # By hand: each token from a pass over the whole text, whose beginning sees itself both ways.
    tokens = list(openings_of(objective)[0].tokens)
    begun, head = len(tokens), network.head
    assert head is not None
    for _ in range(20):
        prefix = torch.arange(len(tokens))[None] < begun
        hidden = network.hidden({"tokens": torch.tensor([tokens]), "prefix": prefix})
        tokens.append(int(head(hidden[0, -1]).argmax()))
    assert with_cache[0].tokens[: len(tokens)] == tokens
    causal = written(network, openings_of(CausalLM()), Greedy(max_tokens=50), {})
    assert [row.tokens for row in causal] != [row.tokens for row in with_cache]


@pytest.mark.parametrize("prefix", [False, True])
def test_a_decoder_writes_from_a_source(prefix: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    objective, model = SequenceToSequence(prefix=prefix), small_model()
    network = a_network(model, objective)
    openings = openings_of(objective, model.shape)
    with_cache = written(network, openings, Greedy(max_tokens=50), {})
    with monkeypatch.context() as patch:
        patch.setattr(type(network.body), "takes_cache", False)
        without = written(network, openings, Greedy(max_tokens=50), {})
    assert [row.tokens for row in with_cache] == [row.tokens for row in without]


@pytest.mark.slow
@pytest.mark.parametrize(("activation", "theirs"), [("relu", "relu"), ("geglu_tanh", "gated-gelu")])
def test_texts_are_those_of_transformers(activation: Any, theirs: str, tmp_path: Path) -> None:
    """Greedy texts from padded sources, for the same weights."""
    transformers = pytest.importorskip("transformers")
    from llx.plugins.hub.mapping import Config
    from llx.plugins.hub.t5 import FAMILY, read
    from llx.plugins.nn.hub import import_weights

    torch.manual_seed(0)
    config = transformers.T5Config(
        vocab_size=40, d_model=32, d_kv=12, d_ff=64, num_layers=2, num_heads=4, feed_forward_proj=theirs,
        relative_attention_num_buckets=16, relative_attention_max_distance=40, pad_token_id=2, eos_token_id=0,
        decoder_start_token_id=2, n_positions=64,
    )  # fmt: skip
    model = transformers.T5ForConditionalGeneration(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" not in name:
                parameter.normal_(std=0.3)
    ours, objective = read(Config(config.to_dict(), "config.json")), SequenceToSequence()
    assert ours.activation == activation
    network = build(ours, objective, {"vocab_size": 40, "roles": ROLES}, 0).eval()
    given = dict(model.state_dict())
    network.load_state_dict(import_weights(network, ours, FAMILY, set(given), given.__getitem__)[0], strict=False)
    prompts = [list(range(3, 3 + size)) for size in (30, 5, 12)]
    openings = [objective.opening(prompt, ROLES, ours.shape) for prompt in prompts]
    rows = written_in(network, openings, 63)
    longest = max(len(opening.source) for opening in openings)
    sources = torch.tensor([[*opening.source, *[2] * (longest - len(opening.source))] for opening in openings])
    marks = torch.tensor([[1] * len(one.source) + [0] * (longest - len(one.source)) for one in openings])
    wanted = model.generate(
        input_ids=sources, attention_mask=marks, max_new_tokens=63, do_sample=False, num_beams=1,
        suppress_tokens=[ROLES["mask"], ROLES["pad"]],
    ).tolist()  # fmt: skip
    for row, theirs_written in zip(rows, wanted, strict=True):
        end = theirs_written.index(0) if 0 in theirs_written else len(theirs_written)
        assert row.tokens == theirs_written[:end]
    assert len({tuple(row.tokens) for row in rows}) == 3


def written_in(network: Network, openings: Sequence[Opening], tokens: int) -> list[Row]:
    writer = Writer(network, Greedy(max_tokens=tokens), ROLES, 64, torch.device("cpu"), torch.float32)
    rows = [Row.opened(one, np.random.default_rng(0)) for one in openings]
    writer.write(rows, lambda row, token: None)
    return rows
