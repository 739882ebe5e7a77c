"""Texts by beam search."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from llx.plugins.builtin.decoding.beam import Beam
from llx.plugins.builtin.decoding.greedy import Greedy
from llx.plugins.builtin.model.encoder_decoder import EncoderDecoder
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.prefix_lm import PrefixLM
from llx.plugins.builtin.objective.sequence_to_sequence import SequenceToSequence
from llx.plugins.models import Shape
from llx.plugins.nn.network import Network
from llx.plugins.values import Objective
from llx.plugins.writing import Opening
from llx.runtime.training.beams import BeamWriter
from llx.runtime.training.build import build
from llx.runtime.training.writer import Row, Writer
from small import small_model

ROLES = {"end": 0}
VOCABULARY, CONTEXT = 12, 32
PROMPTS = [[3, 4, 5], [], [6, 7, 8, 9, 10, 11] * 8, [9]]
OBJECTIVES: dict[str, Objective] = {
    "decoder": CausalLM(),
    "prefix": PrefixLM(),
    "encoder_decoder": SequenceToSequence(),
}


def shape(length: int = CONTEXT) -> Shape:
    return Shape(hidden_size=32, context_length=length, attention="encoder_decoder")


def a_network(objective: Objective, seed: int = 0) -> Network:
    paired = EncoderDecoder(layers=2, hidden_size=32, heads=2, context_length=CONTEXT)
    model: Any = paired if isinstance(objective, SequenceToSequence) else small_model()
    network = build(model, objective, {"vocab_size": VOCABULARY, "roles": ROLES}, seed).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(3) if parameter.dim() > 1 else None
    return network


def written(
    network: Network, objective: Objective, decoding: Any, prompts: Sequence[list[int]] = PROMPTS, roles: Any = ROLES
) -> list[Row]:
    kind = BeamWriter if isinstance(decoding, Beam) else Writer
    writer = kind(network, decoding, roles, CONTEXT, torch.device("cpu"), torch.float32)
    openings = [objective.opening(prompt, ROLES, shape()) for prompt in prompts]
    rows = [Row.opened(one, np.random.default_rng(0)) for one in openings]
    writer.write(rows, lambda row, token: None)
    return rows


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_search_of_width_one_is_greedy(name: str) -> None:
    network = a_network(OBJECTIVES[name])
    greedy = written(network, OBJECTIVES[name], Greedy(max_tokens=40))
    beam = written(network, OBJECTIVES[name], Beam(width=1, max_tokens=40))
    assert [(row.tokens, row.ended) for row in beam] == [(row.tokens, row.ended) for row in greedy]


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("early", [False, True])
def test_neither_neighbours_nor_the_cache_change_a_text(
    name: str, early: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    objective, decoding = OBJECTIVES[name], Beam(width=3, max_tokens=40, early_stopping=early)
    for seed, roles in itertools.product((0, 1), (ROLES, {})):
        network = a_network(objective, seed)
        together = written(network, objective, decoding, roles=roles)
        for prompt, row in zip(PROMPTS, together, strict=True):
            [alone] = written(network, objective, decoding, [prompt], roles)
            assert (alone.tokens, alone.ended) == (row.tokens, row.ended)
            assert alone.score == pytest.approx(row.score, abs=1e-4)
        with monkeypatch.context() as patch:
            patch.setattr(type(network.body), "takes_cache", False)
            without = written(network, objective, decoding, roles=roles)
        assert [row.tokens for row in without] == [row.tokens for row in together]
        if not roles:
            assert {row.ended for row in together} == {"length"}


def test_a_search_that_is_wide_enough_finds_the_best_of_all_texts() -> None:
    """Against every text there is, by hand: V tokens, at most 3 of them, by log-likelihood over length."""
    objective, network = CausalLM(), a_network(CausalLM(), 3)
    assert network.head is not None

    def likelihoods(tokens: list[int]) -> list[float]:
        logits = network.head(network.hidden({"tokens": torch.tensor([tokens])})[0, -1])
        found: list[float] = logits.log_softmax(dim=-1).tolist()
        return found

    for penalty in (0.0, 1.0, 2.0):
        best: tuple[float, list[int]] = (-math.inf, [])
        open_texts: list[tuple[float, list[int]]] = [(0.0, [])]
        for length in range(1, 4):
            longer = []
            for score, text in open_texts:
                for token, more in enumerate(likelihoods([0, 5, *text])):
                    if token == 0 or length == 3:
                        kept = text if token == 0 else [*text, token]
                        best = max(best, ((score + more) / length**penalty, kept))
                    else:
                        longer.append((score + more, [*text, token]))
            open_texts = longer
        [row] = written(network, objective, Beam(width=VOCABULARY**2, max_tokens=3, length_penalty=penalty), [[5]])
        assert row.tokens[2:] == best[1]
        assert row.score == pytest.approx(best[0], abs=1e-5)


def test_prompts_are_read_once_and_little_is_copied() -> None:
    objective = CausalLM()
    network, shapes = a_network(objective), []
    network.body.register_forward_pre_hook(lambda module, inputs: shapes.append(tuple(inputs[0].shape)))
    written(network, objective, Beam(width=4, max_tokens=20), [[3], [4]], {})
    assert shapes == [(2, 2), *[(8, 1)] * 19]


def test_a_text_that_holds_what_it_must_stop_at_is_cut_by_who_hears_it() -> None:
    objective = CausalLM()
    network = a_network(objective)
    writer = BeamWriter(network, Beam(max_tokens=20), {}, CONTEXT, torch.device("cpu"), torch.float32)
    rows = [Row.opened(objective.opening([3], ROLES, shape()), np.random.default_rng(0))]
    heard: list[int | None] = []

    def hear(row: Row, token: int | None) -> None:
        heard.append(token)
        if len(heard) == 5:
            row.ended = "stop"

    writer.write(rows, hear)
    assert rows[0].ended == "stop"
    assert rows[0].written == 5
    assert heard[-1] is None


# ---- transformers


WAYS = list(itertools.product((2, 4, 5), (0.0, 0.6, 1.0, 2.0), (False, True)))


def compare(network: Network, objective: Objective, model: Any, prompts: Sequence[list[int]], roles: Any) -> None:
    """Hold texts and scores against those of transformers, for several widths, penalties and ways to stop."""
    openings = [objective.opening(prompt, roles, shape(64)) for prompt in prompts]
    distinct, ends = set(), set()
    for width, penalty, early in WAYS:
        decoding = Beam(width=width, length_penalty=penalty, early_stopping=early, max_tokens=24)
        writer = BeamWriter(network, decoding, roles, 64, torch.device("cpu"), torch.float32)
        rows = [Row.opened(one, np.random.default_rng(0)) for one in openings]
        writer.write(rows, lambda row, token: None)
        theirs = theirs_written(model, openings, width, penalty, early)
        for row, opening, (tokens, score) in zip(rows, openings, theirs, strict=True):
            assert row.tokens[len(opening.tokens) :] == tokens, (width, penalty, early)
            assert row.score == pytest.approx(score, abs=1e-4)
            distinct.add((tuple(opening.source), tuple(row.tokens)))
            ends.add(row.ended)
    assert len(distinct) > 2 * len(prompts), "the ways make a difference"
    assert ends == {"end", "length"}


def theirs_written(
    model: Any, openings: Sequence[Opening], width: int, penalty: float, early: bool
) -> list[tuple[list[int], float]]:
    paired = bool(openings[0].source)
    given = [list(one.source if paired else one.tokens) for one in openings]
    longest = max(map(len, given))
    # A decoder goes on behind its prompts, so that these are padded on the left.
    fill = [[0] * (longest - len(one)) for one in given]
    ids = [one + more if paired else more + one for one, more in zip(given, fill, strict=True)]
    ones = [[1] * len(one) for one in given]
    mask = [one + more if paired else more + one for one, more in zip(ones, fill, strict=True)]
    found = model.generate(
        input_ids=torch.tensor(ids), attention_mask=torch.tensor(mask), num_beams=width, length_penalty=penalty,
        early_stopping=early, do_sample=False, max_new_tokens=24, eos_token_id=0, pad_token_id=0,
        return_dict_in_generate=True, output_scores=True,
    )  # fmt: skip
    texts = found.sequences[:, 1 if paired else longest :].tolist()
    ended = [text[: text.index(0)] if 0 in text else text for text in texts]
    return list(zip(ended, found.sequences_scores.tolist(), strict=True))


def enliven(model: Any) -> None:
    """Give weights by which texts differ."""
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" not in name and "ln_" not in name:
                parameter.normal_(std=0.25)


@pytest.mark.slow
def test_texts_of_t5_are_those_of_transformers() -> None:
    transformers = pytest.importorskip("transformers")
    from llx.plugins.hub.mapping import Config
    from llx.plugins.hub.t5 import FAMILY, read
    from llx.plugins.nn.hub import import_weights

    config = transformers.T5Config(
        vocab_size=40, d_model=32, d_kv=12, d_ff=64, num_layers=2, num_heads=4, feed_forward_proj="gated-gelu",
        pad_token_id=0, eos_token_id=0, decoder_start_token_id=0, n_positions=64,
    )  # fmt: skip
    model = transformers.T5ForConditionalGeneration(config).eval()
    enliven(model)
    ours, objective = read(Config(config.to_dict(), "config.json")), SequenceToSequence()
    network = build(ours, objective, {"vocab_size": 40, "roles": ROLES}, 0).eval()
    given = dict(model.state_dict())
    network.load_state_dict(import_weights(network, ours, FAMILY, set(given), given.__getitem__)[0], strict=False)
    prompts = [list(range(3, 3 + size)) for size in (30, 5, 12, 1)]
    compare(network, objective, model, prompts, {"end": 0})


@pytest.mark.slow
def test_texts_of_gpt2_are_those_of_transformers() -> None:
    transformers = pytest.importorskip("transformers")
    from llx.plugins.hub.gpt2 import FAMILY, read
    from llx.plugins.hub.mapping import Config
    from llx.plugins.nn.hub import import_weights

    config = transformers.GPT2Config(
        vocab_size=40, n_positions=64, n_embd=32, n_layer=2, n_head=4, bos_token_id=None, eos_token_id=0
    )
    model = transformers.GPT2LMHeadModel(config).eval()
    enliven(model)
    ours, objective = read(Config(config.to_dict(), "config.json")), CausalLM()
    network = build(ours, objective, {"vocab_size": 40, "roles": ROLES}, 0).eval()
    given = dict(model.state_dict())
    network.load_state_dict(import_weights(network, ours, FAMILY, set(given), given.__getitem__)[0], strict=False)
    compare(network, objective, model, [list(range(3, 3 + size)) for size in (30, 5, 12, 1)], ROLES)
