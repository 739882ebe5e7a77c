"""How fast text is written, against transformers' `generate` on the same random weights.

    python bench/generate.py [rounds]

A GPT-2 of 6 layers of 384 with a vocabulary of 8,192 continues 1 and 16 prompts of different lengths, by greedy choice and
with 4 beams, in float32; the two take turns in one process. Printed are tokens a second, and the median of the ratios.
"""

from __future__ import annotations

import functools
import itertools
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from common import ratio, verdict
from llx.plugins.builtin.decoding.beam import Beam
from llx.plugins.builtin.decoding.greedy import Greedy
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.nn.network import Network
from llx.runtime.training.beams import BeamWriter
from llx.runtime.training.build import build
from llx.runtime.training.writer import Row, Writer
from transformers import GenerationConfig, GPT2Config, GPT2LMHeadModel

VOCABULARY, CONTEXT, WRITTEN = 8192, 512, 128
MODEL = Decoder(layers=6, hidden_size=384, heads=6, context_length=CONTEXT)


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    ours, theirs = networks()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    good = []
    for rows, width in itertools.product((1, 16), (1, 4)):
        draw = np.random.default_rng(rows)
        prompts = [draw.integers(3, VOCABULARY, length).tolist() for length in draw.integers(16, 48, rows)]
        assert through_llx(ours, prompts, width) == through_transformers(theirs, prompts, width), (
            "they write differently"
        )
        figures: dict[str, list[float]] = {"llx": [], "transformers": []}
        for _ in range(rounds):
            figures["transformers"].append(timed(functools.partial(through_transformers, theirs, prompts, width)))
            figures["llx"].append(timed(functools.partial(through_llx, ours, prompts, width)))
        for name, seconds in figures.items():
            print(
                f"  {rows} prompts, {width} beams, {name}: {rows * WRITTEN / statistics.median(seconds):,.0f} tokens/s"
            )
        good.append(
            verdict(
                f"{rows} prompts, {width} beams: llx / transformers",
                ratio(figures["transformers"], figures["llx"]),
                1,
                at_most=False,
            )
        )
    return 0 if all(good) else 1


def networks() -> tuple[Network, GPT2LMHeadModel]:
    """Make the same random network twice."""
    network = build(MODEL, CausalLM(), {"vocab_size": VOCABULARY, "roles": {}}, 0).eval()
    shape = MODEL.shape
    config = GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=CONTEXT,
        n_embd=shape.hidden_size,
        n_layer=MODEL.layers,
        n_head=MODEL.heads,
        activation_function="gelu",
        bos_token_id=None,
        eos_token_id=None,
    )
    other = GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for name, tensor in network.body.named_parameters():
            target = other.get_parameter(their_name(name))
            # transformers keeps the matrices of its layers the other way round.
            turned = tensor.dim() == 2 and "embedding" not in name
            target.copy_(tensor.t() if turned else tensor)
    return network, other


def their_name(name: str) -> str:
    """Give the name of a parameter in transformers' GPT-2."""
    for ours, theirs in (
        ("position_embedding", "transformer.wpe"),
        ("embedding", "transformer.wte"),
        ("final_norm", "transformer.ln_f"),
        ("blocks", "transformer.h"),
        ("attention_norm", "ln_1"),
        ("feedforward_norm", "ln_2"),
        ("attention.qkv", "attn.c_attn"),
        ("attention.output", "attn.c_proj"),
        ("feedforward.up", "mlp.c_fc"),
        ("feedforward.output", "mlp.c_proj"),
    ):
        if ours in name:
            name = name.replace(ours, theirs)
    return name


def through_llx(network: Network, prompts: list[list[int]], width: int) -> list[list[int]]:
    how = (network, Beam(width=width, max_tokens=WRITTEN) if width > 1 else Greedy(max_tokens=WRITTEN), {}, CONTEXT)
    writer = (BeamWriter if width > 1 else Writer)(*how, torch.device("cpu"), torch.float32)
    rows = [Row(list(prompt), np.random.default_rng(0)) for prompt in prompts]
    writer.write(rows, lambda row, token: None)
    return [row.tokens[len(prompt) :] for row, prompt in zip(rows, prompts, strict=True)]


def through_transformers(model: GPT2LMHeadModel, prompts: list[list[int]], width: int) -> list[list[int]]:
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(prompt)) + prompt for prompt in prompts])
    mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    config = GenerationConfig(do_sample=False, num_beams=width, max_new_tokens=WRITTEN, pad_token_id=0)
    with torch.no_grad():
        written = model.generate(input_ids=ids, attention_mask=mask, generation_config=config)
    found: list[list[int]] = written[:, longest:].tolist()
    return found


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    raise SystemExit(main())
