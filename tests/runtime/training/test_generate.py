"""Texts from trained networks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import torch
from llx.dsl.quantities import Quantity
from llx.plugins.builtin.decoding.greedy import Greedy
from llx.plugins.builtin.decoding.sample import Sample
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.component import TaskFailed
from llx.plugins.nn.network import Network
from llx.plugins.values import Decoding
from llx.plugins.work import Interrupted
from llx.runtime.training import generate, train
from llx.runtime.training.build import build
from llx.runtime.training.generate import Written, opened
from llx.runtime.training.writer import Row, Writer, window_start
from small import Project, SmallStage, small_job, small_model

ROLES = {"end": 0, "mask": 1, "pad": 2}
PROMPTS = ["red", "", "blue green sun " * 10, "red"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, SmallStage]:
    folder = tmp_path_factory.mktemp("trained")
    project, job = small_job(folder, budget=[Quantity(150, "steps")])
    facts = train(job, project.work, lambda event: None)
    (folder / "out").rename(folder / "stage")
    project.work.fresh()
    stage = SmallStage(model=small_model(), objective=CausalLM(), tokenizer=project.tokenizer)
    project.work.store(stage, folder / "stage", facts)
    return project, stage


def a_network(seed: int = 0) -> Network:
    network = build(small_model(), CausalLM(), {"vocab_size": 12, "roles": {}}, seed).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(3) if parameter.dim() > 1 else None
    return network


def written(
    network: Network, decoding: Decoding, starts: list[list[int]], roles: Mapping[str, int] = MappingProxyType(ROLES)
) -> list[Row]:
    writer = Writer(network, decoding, roles, 32, torch.device("cpu"), torch.float32)
    rows = [Row(list(start), np.random.default_rng(sum(start))) for start in starts]
    writer.write(rows, lambda row, token: None)
    return rows


@pytest.mark.parametrize("decoding", [Greedy(max_tokens=40), Sample(max_tokens=40)], ids=["greedy", "sample"])
def test_a_text_depends_on_its_prompt_and_the_seed_alone(
    trained: tuple[Project, SmallStage], decoding: Decoding
) -> None:
    project, stage = trained
    checkpoint = stage.output("best")
    texts = generate(checkpoint, PROMPTS, decoding, project.work)
    assert texts == generate(checkpoint, PROMPTS, decoding, project.work)
    assert all(len(text) <= 40 and "<|" not in text for text in texts)
    for prompt, text in zip(PROMPTS[:3], texts, strict=False):
        assert generate(checkpoint, [prompt], decoding, project.work) == [text], "neighbours don't matter"
    assert (texts[3] == texts[0]) == isinstance(decoding, Greedy), "the same prompt again is drawn anew"


def test_seeds(trained: tuple[Project, SmallStage]) -> None:
    project, stage = trained
    sampled = [
        generate(stage.output("best"), PROMPTS, Sample(max_tokens=40, seed=seed), project.work) for seed in (None, 3, 4)
    ]
    assert sampled[0] == sampled[1] != sampled[2]


def test_the_cache_changes_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    network = a_network()
    starts = [[0, 3], [0], [0, 4, 5, 6, 7, 8, 9, 10, 11, 3, 4], [0, *range(3, 12)] * 6]
    for roles in (ROLES, {}):
        for decoding in (Greedy(max_tokens=90), Sample(max_tokens=90), Sample(max_tokens=90, repetition_penalty=1.5)):
            with_cache = written(network, decoding, starts, roles)
            with monkeypatch.context() as patch:
                patch.setattr(type(network.body), "takes_cache", False)
                without = written(network, decoding, starts, roles)
            assert [row.tokens for row in with_cache] == [row.tokens for row in without]
            lengths = {row.written for row in with_cache}
            assert lengths == {90} if not roles else len(lengths) > 2


def test_most_steps_read_one_token() -> None:
    network, widths = a_network(), []
    network.body.register_forward_pre_hook(lambda module, inputs: widths.append(inputs[0].shape[1]))
    written(network, Greedy(max_tokens=60), [[0, 3]], {})
    assert widths[:31] == [2, *[1] * 30]
    assert len(widths) == 60
    assert sum(width > 1 for width in widths) == 3, "the prompt, and the half of the context each time that it is full"


@pytest.mark.parametrize(("length", "start"), [(1, 0), (32, 0), (33, 16), (48, 16), (49, 32), (100, 80)])
def test_a_text_that_outgrows_the_context_loses_its_oldest_half(length: int, start: int) -> None:
    assert window_start(length, 32) == start


def test_a_text_ends_at_the_end_token_and_holds_no_mask() -> None:
    torch.manual_seed(0)
    network = build(small_model(), CausalLM(), {"vocab_size": 8, "roles": {}}, 0).eval()
    rows = written(network, Sample(max_tokens=200), [[0, 3], [0], [0, 4, 5, 6]])
    assert all(not {0, 1, 2} & set(row.tokens[1:]) for row in rows)
    assert {row.ended for row in rows} <= {"end", "length"}
    assert any(row.ended == "end" for row in rows)


def test_a_text_ends_before_what_it_must_stop_at(trained: tuple[Project, SmallStage]) -> None:
    project, stage = trained
    checkpoint = stage.output("best")
    [whole] = generate(checkpoint, ["red"], Greedy(max_tokens=40), project.work)
    stop = whole[9:12]
    pieces: list[str] = []
    ends: list[Written] = []

    def hear(index: int, piece: str, written: Written | None) -> None:
        pieces.append(piece)
        if written is not None:
            ends.append(written)

    [cut] = generate(checkpoint, ["red"], Greedy(max_tokens=40, stop=["never", stop]), project.work, hear)
    assert cut == whole[: whole.index(stop)]
    assert "".join(pieces) == cut
    assert [(one.text, one.ended) for one in ends] == [(cut, "stop")]


def test_what_is_heard_is_what_is_given(trained: tuple[Project, SmallStage]) -> None:
    project, stage = trained
    heard: dict[int, str] = {}

    def hear(index: int, piece: str, written: Written | None) -> None:
        heard[index] = heard.get(index, "") + piece

    texts = generate(stage.output("best"), PROMPTS, Sample(max_tokens=20), project.work, hear)
    assert [heard[index] for index in range(len(PROMPTS))] == texts


def test_an_interruption_ends_it(trained: tuple[Project, SmallStage]) -> None:
    project, stage = trained
    project.work.stop = True
    try:
        with pytest.raises(Interrupted):
            generate(stage.output("best"), PROMPTS, Greedy(), project.work)
    finally:
        project.work.stop = False


def test_an_open_checkpoint_writes_as_often_as_it_is_asked(trained: tuple[Project, SmallStage]) -> None:
    project, stage = trained
    with opened(stage.output("best"), project.work) as author:
        first = author.write(["red"], Sample(max_tokens=20))
        assert author.write(["red"], Sample(max_tokens=20)) == first
    assert generate(stage.output("best"), ["red"], Sample(max_tokens=20), project.work) == [first[0].text]


def test_no_objective_no_text(trained: tuple[Project, SmallStage]) -> None:
    project, stage = trained

    class Bare(SmallStage):
        name = "bare"

        def described_objective(self) -> None:  # type: ignore[override]
            return None

    bare = Bare(model=stage.model, objective=stage.objective, tokenizer=stage.tokenizer)
    project.work.store(bare, Path(), {})
    with pytest.raises(TaskFailed, match="L0808"):
        generate(bare.output("best"), [""], Greedy(), project.work)
