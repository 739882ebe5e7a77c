"""Log-likelihoods of texts behind prompts are those of the whole text read at once, however they are batched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.model.encoder_decoder import EncoderDecoder
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.prefix_lm import PrefixLM
from llx.plugins.builtin.objective.sequence_to_sequence import SequenceToSequence
from llx.plugins.models import Model
from llx.plugins.values import Objective
from llx.plugins.work import Asked
from llx.runtime.training import likelihoods as module
from llx.runtime.training.build import build
from llx.runtime.training.generate import Author
from small import ROLES, Project, write_tokenizer
from tokenizers import Tokenizer

SIZES: dict[str, Any] = {"layers": 2, "hidden_size": 32, "heads": 2, "context_length": 48}
ASKED = [
    Asked("red sun ", ["moon", "sea cat", "runs"]),
    Asked("blue", [" dog", " bird sings"]),
    Asked("green green moon", [" cat", " sleeps runs", " sea", " sun"]),
]


def author(root: Path, objective: Objective, model: Model) -> Author:
    facts = write_tokenizer(root)
    network = build(model, objective, facts, 0).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(3) if parameter.dim() > 1 else None
    tokenizer = Tokenizer.from_file(str(root / "tokenizer.json"))
    return Author(network, objective, tokenizer, facts, model.shape, torch.device("cpu"), torch.float32, 0)


def whole(author: Author, prompt: str, text: str) -> float:
    """Read a prompt and a text at once."""
    prompt_ids = author.tokenizer.encode(prompt.rstrip()).ids
    opening = author.writing.opening(prompt_ids, ROLES, author.shape)
    if isinstance(author.writing, SequenceToSequence):
        ids = author.tokenizer.encode(text.strip()).ids
    else:
        ids = author.tokenizer.encode(prompt + text).ids[len(prompt_ids) :]
    own = "target_" if opening.source else ""
    batch = {"source_tokens": torch.tensor([list(opening.source)])} if own else {}
    tokens = [*opening.tokens, *ids[:-1]]
    batch[f"{own}tokens"] = torch.tensor([tokens])
    if opening.prefix:
        batch["prefix"] = torch.arange(len(tokens))[None] < len(opening.tokens)
    with torch.no_grad():
        head: Any = author.network.head
        logits = head(author.network.hidden(batch))[0, len(opening.tokens) - 1 :].log_softmax(-1)
    return float(logits.gather(1, torch.tensor(ids)[:, None]).double().sum())


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize(
    ("objective", "model"),
    [
        (CausalLM(), Decoder(**SIZES, positions="rope")),
        (CausalLM(), Decoder(**SIZES)),
        (PrefixLM(), Decoder(**SIZES, positions="rope")),
        (SequenceToSequence(), EncoderDecoder(**SIZES)),
        (SequenceToSequence(prefix=True), Decoder(**SIZES)),
    ],
)
def test_each_text_is_as_likely_as_when_it_is_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, objective: Objective, model: Model, cached: bool
) -> None:
    made = author(tmp_path / "tokenizer", objective, model)

    @contextmanager
    def opened(checkpoint: Any, work: Any) -> Iterator[Author]:
        yield made

    monkeypatch.setattr(module, "opened", opened)
    if not cached:
        monkeypatch.setattr(type(made.network.body), "takes_cache", False)
    project = Project(tmp_path)
    found = module.likelihoods(None, ASKED, project.work)  # type: ignore[arg-type]
    for asked, scores in zip(ASKED, found, strict=True):
        assert len(scores) == len(asked.texts)
        for text, score in zip(asked.texts, scores, strict=True):
            assert score.log == pytest.approx(whole(made, asked.prompt, text), rel=1e-4)
            assert not score.cut
    alone = module.likelihoods(None, ASKED[1:2], project.work)  # type: ignore[arg-type]
    assert [one.log for one in alone[0]] == pytest.approx([one.log for one in found[1]], rel=1e-5)


def test_a_prompt_that_is_too_long_loses_its_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = author(tmp_path / "tokenizer", CausalLM(), Decoder(**SIZES))

    @contextmanager
    def opened(checkpoint: Any, work: Any) -> Iterator[Author]:
        yield made

    monkeypatch.setattr(module, "opened", opened)
    work = Project(tmp_path).work
    long, short = "red " * 30 + "sun", ("red " * 30 + "sun")[-44:]
    # 48 tokens: the mark, the prompt, and the text without its last token.
    [[one]], [[other]] = (
        module.likelihoods(None, [Asked(prompt, [" sea"])], work)  # type: ignore[arg-type]
        for prompt in (long, short)
    )
    assert one.cut
    assert not other.cut
    assert one.log == pytest.approx(other.log, rel=1e-5)
