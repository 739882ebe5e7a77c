"""The contract of objectives: sums that add up, gradients that flow, steps that run where there is no memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.model.encoder import Encoder
from llx.plugins.builtin.model.encoder_decoder import EncoderDecoder
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.classification import Classification
from llx.plugins.builtin.objective.fill_in_middle import FillInMiddle
from llx.plugins.builtin.objective.masked_lm import MaskedLM
from llx.plugins.builtin.objective.mixed import Mixed
from llx.plugins.builtin.objective.prefix_lm import PrefixLM
from llx.plugins.builtin.objective.sequence_to_sequence import SequenceToSequence
from llx.plugins.builtin.objective.span_corruption import SpanCorruption
from llx.plugins.builtin.optimizer.adamw import AdamW
from llx.plugins.models import Model
from llx.plugins.nn import MOST_LOGITS, likelihood
from llx.plugins.nn.heads import ClassificationHead, mean
from llx.plugins.nn.likelihood import vocabulary_loss
from llx.plugins.values import IGNORED, Batch, Objective

SIZES: dict[str, Any] = {"layers": 2, "hidden_size": 32, "heads": 4, "context_length": 24}
LLAMA: dict[str, Any] = {"norm": "rms_norm", "activation": "swiglu", "positions": "rope", "bias": False, "kv_heads": 2}
RECORDS = [
    {"text": "the cat sat on the mat. " * 6, "label": "good"},
    {"text": "rain fell on the red roof.", "label": "bad"},
    {"text": "dogs", "label": "so-so"},
    {"text": "the old oak tree and the dog under it lay there while rain fell. " * 3, "label": "good"},
]
RECORDS = [record | {"source": record["text"], "target": record["text"][:40][::-1]} for record in RECORDS]


def mixed(one: Objective, other: Objective) -> Mixed:
    """Give a mixture of two."""
    return Mixed(parts={"one": one, "other": other}, shares={"one": 0.6, "other": 0.4})


PAIRS = [
    pytest.param(Decoder(**SIZES), CausalLM(), id="causal_lm"),
    pytest.param(Decoder(**SIZES, **LLAMA), CausalLM(), id="causal_lm-llama"),
    pytest.param(Decoder(**SIZES, tied_embeddings=False), CausalLM(), id="causal_lm-untied"),
    pytest.param(Decoder(**SIZES), CausalLM(label_smoothing=0.1, z_loss=1e-4), id="causal_lm-smoothed"),
    pytest.param(Decoder(**SIZES), PrefixLM(), id="prefix_lm"),
    pytest.param(Decoder(**SIZES, **LLAMA), PrefixLM(rate=0.25), id="prefix_lm-short"),
    pytest.param(Decoder(**SIZES), FillInMiddle(rate=1), id="fill_in_middle"),
    pytest.param(Encoder(**SIZES), MaskedLM(), id="masked_lm"),
    pytest.param(Encoder(**SIZES, norm_placement="post", tied_embeddings=False), MaskedLM(), id="masked_lm-post"),
    pytest.param(Encoder(**SIZES), MaskedLM(whole_word=True), id="masked_lm-words"),
    pytest.param(Encoder(**SIZES), MaskedLM(spans=True, masks="static"), id="masked_lm-spans"),
    pytest.param(EncoderDecoder(**SIZES), SpanCorruption(), id="span_corruption"),
    pytest.param(EncoderDecoder(**SIZES), SequenceToSequence(label_smoothing=0.1), id="sequence_to_sequence"),
    pytest.param(Decoder(**SIZES), SequenceToSequence(), id="sequence_to_sequence-decoder"),
    pytest.param(Decoder(**SIZES), SequenceToSequence(prefix=True), id="sequence_to_sequence-prefix"),
    pytest.param(
        EncoderDecoder(**SIZES, norm="layer_norm", norm_placement="post", positions="sinusoidal", activation="relu"),
        SequenceToSequence(),
        id="sequence_to_sequence-vanilla",
    ),
    pytest.param(Decoder(**SIZES), mixed(CausalLM(), MaskedLM(whole_word=True)), id="mixed-decoder"),
    pytest.param(Encoder(**SIZES), mixed(MaskedLM(rate=0.4), MaskedLM(spans=True, rate=0.4)), id="mixed-encoder"),
    pytest.param(Decoder(**SIZES), Classification(), id="classification-decoder"),
    pytest.param(Encoder(**SIZES), Classification(label_smoothing=0.1), id="classification-encoder"),
    pytest.param(Encoder(**SIZES), Classification(pooling="first", pair="text"), id="classification-first"),
]
pairs = pytest.mark.parametrize(("model", "objective"), PAIRS)


@pytest.fixture
def prepared(rows: Any, together: Any, facts: dict[str, Any]) -> Any:
    """Give a function that makes a prepared batch for an objective and a model."""

    def make(model: Model, objective: Objective) -> Batch:
        batch = together(rows(objective.encoding(model.shape), RECORDS))
        return objective.prepare(batch, np.random.default_rng(0), facts)

    return make


@pairs
def test_micro_batches_add_up_to_the_batch(
    model: Model, objective: Objective, prepared: Any, network: Any, tensors: Any
) -> None:
    batch = prepared(model, objective)
    net = network(model, objective)

    def gradients(parts: list[Batch]) -> tuple[float, float, list[torch.Tensor]]:
        net.zero_grad()
        count, total = objective.count(batch), 0.0
        for part in parts:
            loss, _ = objective.loss(net, tensors(part))
            assert loss.dtype == torch.float32
            assert loss.shape == ()
            (loss / count).backward()
            total += loss.item()
        return count, total, [parameter.grad.clone() for parameter in net.parameters()]

    halves = [{name: array[part] for name, array in batch.items()} for part in (slice(0, 2), slice(2, None))]
    count, whole, expected = gradients([batch])
    _, total, found = gradients(halves)
    assert sum(objective.count(half) for half in halves) == count > 0
    assert total == pytest.approx(whole, rel=1e-5)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(expected, found, strict=True))


@pairs
def test_the_count_is_that_of_the_targets(model: Model, objective: Objective, prepared: Any) -> None:
    batch = prepared(model, objective)
    targets = objective.targets(batch)
    assert targets is not None
    rows = len(next(iter(batch.values())))
    assert objective.count(batch) == (rows if isinstance(objective, Mixed) else len(targets)) > 0
    assert (targets >= 0).all()


@pairs
def test_at_the_start_the_loss_is_that_of_guessing(
    model: Model, objective: Objective, prepared: Any, network: Any, tensors: Any, facts: dict[str, Any]
) -> None:
    batch = prepared(model, objective)
    loss, _ = objective.loss(network(model, objective), tensors(batch))
    choices = len(facts["labels"]) if "label" in batch else facts["vocab_size"]
    assert loss.item() / objective.count(batch) == pytest.approx(np.log(choices), rel=0.1)


@pairs
def test_a_few_steps_learn(model: Model, objective: Objective, prepared: Any, network: Any, tensors: Any) -> None:
    batch = prepared(model, objective)
    net, count = network(model, objective), objective.count(batch)
    optimizer = AdamW(lr=3e-3).build(net)
    losses = []
    for _ in range(40):
        loss, _ = objective.loss(net, tensors(batch))
        (loss / count).backward()
        still = [name for name, parameter in net.named_parameters() if not parameter.grad.abs().sum()]
        assert not still
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item() / count)
    assert losses[-1] < 0.8 * losses[0]


@pairs
def test_a_step_runs_on_meta(model: Model, objective: Objective, prepared: Any, network: Any, tensors: Any) -> None:
    net = network(model, objective, device="meta")
    optimizer = AdamW().build(net)
    loss, _ = objective.loss(net, tensors(prepared(model, objective), device="meta"))
    loss.backward()
    optimizer.step()
    assert loss.device.type == "meta"
    assert all(parameter.grad is not None for parameter in net.parameters())


@pairs
def test_in_bf16_the_loss_is_still_float32(
    model: Model, objective: Objective, prepared: Any, network: Any, tensors: Any
) -> None:
    net, batch = network(model, objective), tensors(prepared(model, objective))
    with torch.autocast("cpu", torch.bfloat16):
        loss, _ = objective.loss(net, batch)
    loss.backward()
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(objective.loss(net, batch)[0].item(), rel=0.02)
    assert all(parameter.grad.isfinite().all() for parameter in net.parameters())


@pytest.mark.slow
@pairs
def test_the_loss_compiles(model: Model, objective: Objective, prepared: Any, network: Any, tensors: Any) -> None:
    torch.compiler.reset()
    net, batch = network(model, objective), tensors(prepared(model, objective))
    compiled = torch.compile(objective.loss, fullgraph=True)
    assert compiled(net, batch)[0].item() == pytest.approx(objective.loss(net, batch)[0].item(), rel=1e-4)


@pairs
def test_weights_are_stored_once(model: Model, objective: Objective, network: Any) -> None:
    net = network(model, objective)
    names = [name for name, _ in net.named_parameters()]
    storages = [parameter.untyped_storage().data_ptr() for parameter in net.parameters()]
    assert len(set(storages)) == len(storages)
    vocabulary = [name for name in names if name == "head.weight"]
    own = not model.shape.tied_embeddings and not isinstance(objective, Classification)
    assert len(vocabulary) == (1 if own else 0)


def test_a_tied_head_learns_with_the_embedding(network: Any) -> None:
    net = network(Decoder(**SIZES), CausalLM())
    with torch.no_grad():
        net.body.embedding.weight.zero_()
    assert not net.head(torch.randn(2, 32)).any()


def positions() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Give hidden states, weight, bias and targets of 50 positions, of which every third is ignored."""
    torch.manual_seed(0)
    hidden, weight, bias = (torch.randn(*shape, requires_grad=True) for shape in ((50, 8), (20, 8), (20,)))
    targets = torch.randint(0, 20, (50,))
    targets[::3] = IGNORED
    return hidden, weight, bias, targets


@pytest.mark.parametrize("more", [{}, {"smoothing": 0.1, "z_loss": 1e-2}], ids=["plain", "smoothed"])
def test_logits_in_pieces_give_the_same_loss_and_gradients(
    monkeypatch: pytest.MonkeyPatch, more: dict[str, float]
) -> None:
    hidden, weight, bias, targets = positions()

    def results() -> list[torch.Tensor]:
        loss = vocabulary_loss(hidden, weight, targets, bias=bias, **more)
        return [loss.detach(), *torch.autograd.grad(loss, (hidden, weight, bias))]

    whole = results()
    assert MOST_LOGITS > 1000
    monkeypatch.setattr(likelihood, "MOST_LOGITS", 130)
    assert all(torch.allclose(a, b, rtol=1e-5, atol=1e-6) for a, b in zip(whole, results(), strict=True))


def test_smoothing_and_z_loss_are_what_their_papers_say() -> None:
    hidden, weight, bias, targets = positions()
    found = vocabulary_loss(hidden, weight, targets, bias=bias, smoothing=0.1, z_loss=1e-2).item()
    expected = 0.0
    for logits, target in zip((hidden @ weight.T + bias).tolist(), targets.tolist(), strict=True):
        if target != IGNORED:
            log_sum = np.log(np.exp(logits).sum())
            shared = [0.9 * (index == target) + 0.1 / 20 for index in range(20)]
            expected += sum(share * (log_sum - logit) for share, logit in zip(shared, logits, strict=True))
            expected += 1e-2 * log_sum**2
    assert found == pytest.approx(expected, rel=1e-5)


def test_what_is_added_in_training_is_not_measured(network: Any, prepared: Any, tensors: Any) -> None:
    model, plain, more = Decoder(**SIZES), CausalLM(), CausalLM(label_smoothing=0.2, z_loss=1e-2)
    net, batch = network(model, plain), tensors(prepared(model, plain))
    assert more.loss(net, batch)[0].item() > plain.loss(net, batch)[0].item()
    net.eval()
    assert more.loss(net, batch)[0].item() == plain.loss(net, batch)[0].item()


def test_pooling_leaves_padding_out() -> None:
    hidden = torch.arange(12.0).view(2, 3, 2)
    segments = torch.tensor([[1, 1, 0], [1, 1, 1]])
    assert mean(hidden, segments).tolist() == [[1, 2], [8, 9]]
    for pooling, marks, position in (
        ("last", segments, [[1], [2]]),
        ("first", segments, [[0], [0]]),
        ("last", None, [[2], [2]]),
        ("mean", segments, None),
    ):
        head = ClassificationHead(Encoder(**SIZES).shape, 2, pooling, 0.0)  # type: ignore[arg-type]
        found = head.position(torch.zeros(2, 3, dtype=torch.long), marks)
        assert (None if found is None else found.tolist()) == position


@pytest.mark.parametrize("model", [Decoder(**SIZES), Encoder(**SIZES)], ids=["decoder", "encoder"])
def test_a_row_is_classified_alike_alone_and_among_longer_ones(
    model: Model, rows: Any, together: Any, tensors: Any, network: Any
) -> None:
    objective = Classification()
    net = network(model, objective).eval()
    made = rows(objective.encoding(model.shape), RECORDS)
    among = objective.predict(net, tensors(together(made)))
    for row, expected in zip(made, among, strict=True):
        alone = objective.predict(net, tensors(together([row])))[0]
        assert alone["scores"] == pytest.approx(expected["scores"], abs=1e-5)


def test_predictions_come_back_to_their_records(rows: Any, together: Any, tensors: Any, network: Any) -> None:
    model, objective = Decoder(**SIZES), Classification()
    made = rows(objective.encoding(model.shape), RECORDS)[::-1]
    predictions = objective.predict(network(model, objective).eval(), tensors(together(made)))
    joined = objective.join(zip(made, predictions, strict=True), {}, [])
    assert [record["record"] for record in joined] == [0, 1, 2, 3]
    assert [record["label"] for record in joined] == [1, 0, 2, 1]
    for record in joined:
        assert sum(record["scores"]) == pytest.approx(1)
        assert record["prediction"] == int(np.argmax(record["scores"]))
