"""Direct preference optimisation: rows, the loss against one written by hand, and what is no pair."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from llx.plugins.builtin.encoding.preferences import Preferences
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.objective.dpo import DPO
from llx.plugins.component import TaskFailed
from llx.plugins.nn.network import Network
from llx.plugins.values import IGNORED
from tokenizers import Tokenizer

SIZES: dict[str, Any] = {"layers": 2, "hidden_size": 32, "heads": 4, "context_length": 64}
PAIRS = [
    {"prompt": "the cat", "chosen": "sat on the mat", "rejected": "sat"},
    {"prompt": "the dog", "chosen": "lay", "rejected": "lay under the old oak tree"},
    {"prompt": "rain", "chosen": "fell on the red roof", "rejected": "sat on the red roof"},
]


def numbered(pairs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [pair | {"_record": number} for number, pair in enumerate(pairs)]


def all_of(encoding: Preferences, pairs: list[dict[str, Any]], tokenizer: Tokenizer, facts: Any) -> tuple[Any, Any]:
    made, rows = encoding.rows(numbered(pairs), tokenizer, facts["roles"], facts), []
    while True:
        try:
            rows.append(next(made))
        except StopIteration as end:
            return rows, end.value


@pytest.fixture
def plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {**facts, "roles": facts["roles"]}


def prepared(tokenizer: Tokenizer, facts: Any, together: Any, objective: DPO) -> dict[str, Any]:
    rows, said = all_of(objective.encoding(Decoder(**SIZES).shape), PAIRS, tokenizer, facts)
    assert said == {"preferences.cut": 0, "preferences.lost": 0, "preferences.equal": 0}
    return objective.prepare(together(rows), np.random.default_rng(0), facts)


def test_what_carries_loss_is_the_last_answer(tokenizer: Tokenizer, facts: Any, together: Any) -> None:
    before = [
        {"role": "user", "content": "the cat"},
        {"role": "assistant", "content": "sat"},
        {"role": "user", "content": "and the dog"},
    ]
    whole = [*before, {"role": "assistant", "content": "lay"}]
    pair = {"prompt": json.dumps(before), "chosen": json.dumps(whole), "rejected": json.dumps([whole[-1] | {"content": "fell"}])}  # fmt: skip
    for template, end in (("chatml", "<|turn_end|>"), ("plain", "<|end|>")):
        objective = DPO(template=template)
        [row], _ = all_of(Preferences(length=65, template=template), [pair], tokenizer, facts)
        batch = objective.prepare(together([row]), np.random.default_rng(0), facts)
        assert batch["tokens"].shape == batch["targets"].shape
        halves = batch["targets"].reshape(2, -1)
        texts = [tokenizer.decode(half[half != IGNORED].tolist(), skip_special_tokens=False) for half in halves]
        assert texts == [f"lay{end}", f"fell{end}"]


@pytest.mark.parametrize(("smoothing", "tied"), [(0.0, True), (0.1, False)])
def test_the_loss_is_that_of_the_paper(
    tokenizer: Tokenizer, facts: Any, together: Any, smoothing: float, tied: bool
) -> None:
    objective = DPO(beta=0.3, label_smoothing=smoothing, template="plain")
    batch = prepared(tokenizer, facts, together, objective)
    torch.manual_seed(0)
    model = Decoder(**SIZES, tied_embeddings=tied)
    network, reference = (
        Network(body := model.body(facts["vocab_size"]), objective.head(model.shape, body, facts)) for _ in range(2)
    )
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in batch.items()}
    with torch.no_grad():
        tensors |= objective.score(reference.eval(), tensors)
    network.train()
    loss, parts = objective.loss(network, tensors)

    def by_hand(net: Network, row: int, side: int) -> torch.Tensor:
        """Add up the log-probabilities of an answer, of one text alone and without padding."""
        length = batch["tokens"].shape[1] // 2
        part = slice(side * length, (side + 1) * length)
        real = batch["segments"][row, part] != 0
        tokens = torch.from_numpy(batch["tokens"][row, part][real])[None]
        targets = torch.from_numpy(batch["targets"][row, part][real])[None]
        logits = net.head(net.body(tokens))  # type: ignore[misc]
        found = logits.log_softmax(-1).gather(2, targets.clamp(min=0).unsqueeze(2)).squeeze(2)
        return found[targets != IGNORED].sum()

    margins = []
    for row in range(len(PAIRS)):
        ratio = [by_hand(network, row, side) - by_hand(reference, row, side).detach() for side in (0, 1)]
        margins.append(0.3 * (ratio[0] - ratio[1]))
    margin = torch.stack(margins)
    expected = (-(1 - smoothing) * F.logsigmoid(margin) - smoothing * F.logsigmoid(-margin)).sum()
    torch.testing.assert_close(loss, expected)
    assert float(parts["reward_accuracy"]) == float((margin > 0).sum())
    torch.testing.assert_close(parts["reward_margin"], margin.detach().sum())
    assert objective.count(batch) == 3
    found = torch.autograd.grad(loss, list(network.parameters()))
    wanted = torch.autograd.grad(expected, list(network.parameters()))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)
    predictions = objective.predict(network, tensors)
    assert [one["margin"] for one in predictions] == pytest.approx(margin.tolist(), abs=1e-4)


def test_a_step_on_meta(tokenizer: Tokenizer, facts: Any, together: Any) -> None:
    objective = DPO(template="plain")
    batch = prepared(tokenizer, facts, together, objective)
    with torch.device("meta"):
        model = Decoder(**SIZES)
        body = model.body(facts["vocab_size"])
        network = Network(body, objective.head(model.shape, body, facts))
        tensors = {name: torch.empty(array.shape, dtype=torch.int64) for name, array in batch.items()}
        tensors |= {name: torch.empty(3) for name in objective.scores}
    objective.loss(network, tensors)[0].backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_pairs_that_teach_nothing_are_counted(tokenizer: Tokenizer, facts: Any) -> None:
    same = PAIRS[0] | {"rejected": PAIRS[0]["chosen"]}
    long = PAIRS[0] | {"prompt": "the cat " * 60}
    cut = PAIRS[0] | {"rejected": "the cat " * 60}
    rows, said = all_of(Preferences(length=65, template="plain"), [*PAIRS, same, long, cut], tokenizer, facts)
    assert len(rows) == 4
    assert said == {"preferences.cut": 1, "preferences.lost": 1, "preferences.equal": 1}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"chosen": ""}, "L0784.empty"),
        ({"rejected": None}, "L0784.empty"),
        ({"prompt": ""}, "L0783"),
        ({"rejected": '[{"role": "user", "content": "b"}, {"role": "assistant", "content": "c"}]'}, "L0784"),
        ({"rejected": '[{"role": "user", "content": "b"}]'}, "L0780"),
    ],
)
def test_what_is_no_pair(changed: dict[str, Any], code: str, tokenizer: Tokenizer, facts: Any) -> None:
    with pytest.raises(TaskFailed) as caught:
        all_of(Preferences(length=65, template="plain"), [PAIRS[0], PAIRS[1] | changed], tokenizer, facts)
    assert caught.value.code == f"{code}.record"
    assert caught.value.values["record"] == 2
