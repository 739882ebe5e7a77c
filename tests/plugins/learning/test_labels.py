"""Classification: several labels a record, weights of labels, two texts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.model.encoder import Encoder
from llx.plugins.builtin.objective.classification import Classification
from llx.plugins.builtin.optimizer.adamw import AdamW
from llx.plugins.component import Facts, TaskFailed
from llx.plugins.models import Model
from llx.plugins.values import Batch

SIZES: dict[str, Any] = {"layers": 1, "hidden_size": 32, "heads": 4, "context_length": 24}
MODELS = [Decoder(**SIZES), Encoder(**SIZES)]
models = pytest.mark.parametrize("model", MODELS, ids=["decoder", "encoder"])
RECORDS = [
    {"text": "the cat sat on the mat", "other": "a cat", "label": ["good", "so-so"]},
    {"text": "rain fell on the red roof", "other": "no cat at all, but rain and a dog", "label": []},
    {"text": "the dog", "other": "", "label": ["bad"]},
    {"text": "the old oak tree", "other": "the old oak tree", "label": ["bad", "good", "so-so"]},
]
COUNTED: Facts = {"label_counts": [6, 3, 1]}


@pytest.fixture
def prepared(rows: Any, together: Any, facts: Facts) -> Any:
    def make(model: Model, objective: Classification, records: list[dict[str, Any]]) -> Batch:
        batch = together(rows(objective.encoding(model.shape), records))
        return objective.prepare(batch, np.random.default_rng(0), facts | COUNTED)

    return make


@models
def test_each_of_several_labels_is_decided_for_itself(model: Model, prepared: Any, network: Any, tensors: Any) -> None:
    objective = Classification(multi_label=True)
    batch = prepared(model, objective, RECORDS)
    assert batch["label"].tolist() == [[0, 1, 1], [0, 0, 0], [1, 0, 0], [1, 1, 1]]
    net = network(model, objective)
    loss, _ = objective.loss(net, tensors(batch))
    assert objective.count(batch) == 4
    assert loss.item() / 4 == pytest.approx(math.log(2), rel=0.05), "at the start each label is as likely as not"
    optimizer = AdamW(lr=1e-2).build(net)
    for _ in range(60):
        optimizer.zero_grad()
        loss, parts = objective.loss(net, tensors(batch))
        loss.backward()
        optimizer.step()
    assert parts["accuracy"] == 4
    net.eval()
    found = objective.join([({"record": n}, one) for n, one in enumerate(objective.predict(net, tensors(batch)))], {})
    assert [one["prediction"] for one in found] == [one["label"] for one in found] == [[1, 2], [], [0], [0, 1, 2]]


def test_the_threshold_says_from_when_on_a_label_is_given(prepared: Any, network: Any, tensors: Any) -> None:
    batch = prepared(MODELS[1], Classification(multi_label=True), RECORDS)
    low, high = (Classification(multi_label=True, threshold=at) for at in (0.01, 0.99))
    net = network(MODELS[1], low).eval()
    assert [one["prediction"] for one in low.predict(net, tensors(batch))] == [[0, 1, 2]] * 4
    assert [one["prediction"] for one in high.predict(net, tensors(batch))] == [[]] * 4


def test_the_loss_of_several_labels_is_torchs(prepared: Any, network: Any, tensors: Any) -> None:
    objective = Classification(multi_label=True)
    batch = tensors(prepared(MODELS[1], objective, RECORDS))
    net = network(MODELS[1], objective).eval()
    expected = torch.nn.BCEWithLogitsLoss()(objective.logits(net, batch), batch["label"].float())
    loss, _ = objective.loss(net, batch)
    assert loss.item() / 4 == pytest.approx(expected.item(), rel=1e-6)


def test_balanced_weights_are_scikit_learns(facts: Facts) -> None:
    compute = pytest.importorskip("sklearn.utils.class_weight").compute_class_weight
    labels = np.repeat([0, 1, 2], COUNTED["label_counts"])
    expected = compute("balanced", classes=np.arange(3), y=labels)
    weights = Classification(class_weights="balanced").weights(facts | COUNTED)
    assert weights == pytest.approx(expected)
    assert weights[labels].mean() == pytest.approx(1)


def test_weights_of_a_map_have_the_mean_1_too(facts: Facts) -> None:
    weights = Classification(class_weights={"so-so": 5}).weights(facts | COUNTED)
    assert weights[2] / weights[0] == pytest.approx(5)
    assert weights[np.repeat([0, 1, 2], COUNTED["label_counts"])].mean() == pytest.approx(1)
    with pytest.raises(TaskFailed) as failed:
        Classification(class_weights={"soso": 5}).weights(facts | COUNTED)
    assert (failed.value.code, failed.value.values["label"]) == ("L0755", "soso")


def test_weights_are_for_training_alone(prepared: Any, network: Any, tensors: Any) -> None:
    records = [
        record | {"label": label} for record, label in zip(RECORDS, ["bad", "good", "so-so", "bad"], strict=True)
    ]
    model = Encoder(**SIZES, dropout=0)
    plain, weighted = Classification(dropout=0.0), Classification(dropout=0.0, class_weights="balanced")
    net = network(model, plain)
    batch = prepared(model, weighted, records)
    without = prepared(model, plain, records)

    def loss(objective: Classification, given: Batch) -> float:
        return float(objective.loss(net, tensors(given))[0].item())

    each = [loss(plain, {name: array[n : n + 1] for name, array in without.items()}) for n in range(4)]
    weights = weighted.weights({"labels": ["bad", "good", "so-so"], **COUNTED})
    expected = sum(one * weights[label] for one, label in zip(each, batch["label"], strict=True))
    assert loss(weighted, batch) == pytest.approx(float(expected), rel=1e-5)
    net.eval()
    assert loss(weighted, batch) == pytest.approx(loss(plain, without), rel=1e-6)


@pytest.mark.parametrize("model", [*MODELS, Encoder(**SIZES, token_types=2)], ids=["decoder", "encoder", "types"])
def test_two_texts_are_told_apart_by_what_stands_in_both(
    model: Model, prepared: Any, network: Any, tensors: Any
) -> None:
    """Whether the second text repeats the first can't be seen in either of them alone."""
    texts = ["the cat", "the dog", "red rain", "old oak"]
    records = [{"text": a, "other": b, "label": "good" if a == b else "bad"} for a in texts for b in texts]
    objective = Classification(pair="other", dropout=0.0)
    assert objective.reads() == ("text", "other", "label")
    batch = tensors(prepared(model, objective, records))
    assert batch["types"].max() == 1
    net = network(model, objective)
    optimizer = AdamW(lr=1e-2, weight_decay=0).build(net)
    for _ in range(150):
        optimizer.zero_grad()
        loss, parts = objective.loss(net, batch)
        (loss / 16).backward()
        optimizer.step()
        if parts["accuracy"] == 16:
            break
    assert parts["accuracy"] == 16


def test_what_is_told_of_a_prediction() -> None:
    facts = {"labels": ["a", "b", "c"]}
    several, one = Classification(multi_label=True), Classification()
    told = several.told({"prediction": [0, 2], "scores": [0.9, 0.1, 0.7]}, facts)
    assert told == {"prediction": ["a", "c"], "score": 0.7, "scores": {"a": 0.9, "b": 0.1, "c": 0.7}}
    assert several.told({"prediction": [], "scores": [0.3, 0.1, 0.2]}, facts)["prediction"] == []
    assert one.told({"prediction": 1, "scores": [0.2, 0.7, 0.1]}, facts)["prediction"] == "b"
