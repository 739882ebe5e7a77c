"""What `conforms` tries of each kind: small, on the CPU and on the device `meta`, in a second or two."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .component import Facts
from .fit import is_tokens
from .models import Model, Shape
from .values import Batch, Decoding, Metric, Objective, Optimizer, Schedule
from .work import Outcome

if TYPE_CHECKING:
    import torch

    from .nn.network import Network

Records = Sequence[Mapping[str, Any]]


def _asked(question: str, context: str, answer: str | None) -> dict[str, str]:
    """Give a question on a context with its answer, in the columns that it has in data."""
    answers = [] if answer is None else [{"text": answer, "answer_start": context.index(answer)}]
    return {"question": question, "context": context, "answers": json.dumps(answers)}


RECORDS: Records = (
    {
        "text": "the cat sat on the mat while rain fell on the red roof",
        "label": "good",
        "source": "the cat sat on the mat while rain fell on the red roof",
        "target": "good words",
        **_asked("what fell on the roof", "the cat sat on the mat while rain fell on the red roof", "rain"),
    },
    {
        "text": "the dog lay under the old oak tree",
        "label": "bad",
        "source": "the dog lay under the old oak tree",
        "target": "bad words",
        **_asked("where did the dog lie", "the dog lay under the old oak tree", "under the old oak tree"),
    },
    {
        "text": "rain",
        "label": "good",
        "source": "rain",
        "target": "good words",
        **_asked("who sang", "rain", None),
    },
    {
        "text": "the mat, the roof, the tree and the old red cat",
        "label": "so-so",
        "source": "the mat, the roof, the tree and the old red cat",
        "target": "so-so words",
        **_asked("which cat", "the mat, the roof, the tree and the old red cat", "the old red cat"),
    },
)
SIZES: dict[str, Any] = {"layers": 1, "hidden_size": 32, "heads": 4, "context_length": 32}
SPECIAL = [
    "end",
    "mask",
    "pad",
    "fim_prefix",
    "fim_suffix",
    "fim_middle",
    "turn_start",
    "turn_end",
    *(f"sentinel_{i}" for i in range(16)),
]
ROLES = {role: number for number, role in enumerate(SPECIAL)}


def model_for(objective: Objective) -> Model:
    """Give a small model whose attention the objective takes."""
    from .builtin.model.decoder import Decoder
    from .builtin.model.encoder import Encoder
    from .builtin.model.encoder_decoder import EncoderDecoder

    for model in (Decoder(**SIZES), Encoder(**SIZES), EncoderDecoder(**SIZES)):
        if model.attention in objective.attention:
            return model
    raise AssertionError(f"say which model {objective.name} is to be tried with: conforms(…, model=…)")


def objective_for(model: Model) -> Objective:
    """Give an objective that takes the model's attention."""
    from .builtin.objective.causal_lm import CausalLM
    from .builtin.objective.masked_lm import MaskedLM
    from .builtin.objective.sequence_to_sequence import SequenceToSequence

    for objective in (CausalLM(), MaskedLM(), SequenceToSequence()):
        if model.attention in objective.attention:
            return objective
    raise AssertionError(f"no built-in objective takes models that are {model.attention}")


def try_objective(objective: Objective, model: Model, records: Records) -> None:
    """Assert the contract between an objective, a model and the loop (docs/objectives.md)."""
    import torch

    batch, facts = _prepared(objective, model.shape, records)
    again, _ = _prepared(objective, model.shape, records)
    assert all((batch[name] == again[name]).all() for name in batch), "prepare draws from something but its generator"
    count = objective.count(batch)
    assert count > 0, "count is what the loss is divided by"

    network = _network(objective, model, facts)
    loss = _loss(objective, network, batch)
    assert loss.shape == (), f"the loss is a sum, a scalar; its shape is {tuple(loss.shape)}"
    assert loss.dtype == torch.float32, f"the loss is summed in float32, not {loss.dtype}"
    assert torch.isfinite(loss), f"the loss at the start is {loss.item()}"
    (loss / count).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, f"no gradient reaches {name}"
        assert torch.isfinite(parameter.grad).all(), f"the gradient of {name} is not finite"
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    assert any(bool(gradient.any()) for gradient in gradients), "all gradients are zero"

    twin = _network(objective, model, facts)
    for (name, one), (_, other) in zip(network.named_parameters(), twin.named_parameters(), strict=True):
        assert torch.equal(one, other), f"{name} starts otherwise with the same seed"
    assert torch.equal(_loss(objective, twin, batch), loss), "the same seed gives another loss"
    _try_parts(objective, network, batch)
    _try_meta(objective, model, facts, batch)


def _try_parts(objective: Objective, network: Network, batch: Batch) -> None:
    """Assert that micro-batches add up to the batch: sums, never means."""
    network.eval()
    rows = len(next(iter(batch.values())))
    halves = [{name: array[part] for name, array in batch.items()} for part in _halves(rows)]
    whole, parts = _loss(objective, network, batch), [_loss(objective, network, half) for half in halves]
    total = sum(part.item() for part in parts)
    assert math.isclose(total, whole.item(), rel_tol=1e-4), (
        f"the losses of two halves add up to {total} and that of the whole is {whole.item()}: give sums, not means"
    )
    counts = sum(objective.count(half) for half in halves)
    assert math.isclose(counts, objective.count(batch), rel_tol=1e-6), "count is not additive over rows"


def _try_meta(objective: Objective, model: Model, facts: Facts, batch: Batch) -> None:
    """Assert that a step runs on `meta`, where a tensor made on the wrong device is found without a GPU."""
    network = _network(objective, model, facts, device="meta")
    _loss(objective, network, batch, device="meta").backward()
    missing = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    assert not missing, f"on meta no gradient reaches {missing[0]}"


def try_counts(model: Model) -> None:
    """Assert that the model counts its parameters right, and gives costs that can be planned with."""
    body = model.body(vocab_size=300)
    counted, real = model.parameters(300), sum(parameter.numel() for parameter in body.parameters())
    # A vocabulary projection that is not tied is counted too, and made by the objective.
    projection = 300 * model.shape.hidden_size
    assert counted - real in (0, projection), f"{model.name} counts {counted} parameters and has {real}"
    length = model.shape.context_length
    assert model.flops_per_token(300, length) > 0
    assert model.activation_bytes(300, 2, length) > model.activation_bytes(300, 1, length) > 0
    assert getattr(body, "hidden_size", None) == model.shape.hidden_size, "the body says its hidden_size"
    assert hasattr(body, "embedding"), "the body offers the embedding of its tokens"


def try_optimizer(optimizer: Optimizer) -> None:
    """Assert that a few steps lower a loss that anything could lower."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.LayerNorm(8), torch.nn.Linear(8, 1))
        inputs = torch.randn(16, 8)
    built = optimizer.build(network)
    assert all(group["lr"] == optimizer.rate for group in built.param_groups), "lr is the peak that the schedule scales"
    losses = []
    for _ in range(20):
        built.zero_grad()
        loss = (network(inputs) - 1).square().mean()
        loss.backward()
        built.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0], f"20 steps took the loss from {losses[0]} to {losses[-1]}"
    assert optimizer.state_bytes(1000) >= 0


def try_schedule(schedule: Schedule) -> None:
    """Assert that the factor is a number from 0 on, and depends on its arguments alone."""

    def factors() -> list[float]:
        return [schedule.factor(step, step / 100, lambda quantity: quantity.magnitude) for step in range(100)]

    found = factors()
    assert all(math.isfinite(factor) and factor >= 0 for factor in found), (
        f"a factor is not a number from 0 on: {found}"
    )
    assert any(found), "all factors are zero"
    assert factors() == found, "the same step has another factor the second time"


def try_metric(metric: Metric) -> None:
    """Assert that a good outcome is better than a bad one, that both are numbers, and that its statistics come to the same."""
    good, bad = (
        metric.compute(outcome) for outcome in (_outcome(metric.needs, right=True), _outcome(metric.needs, right=False))
    )
    assert math.isfinite(good), f"a good outcome gives {good}"
    assert math.isfinite(bad), f"a bad outcome gives {bad}"
    better, worse = (good, bad) if metric.higher_is_better else (bad, good)
    assert better > worse, f"{metric.name} gives {good} for a good outcome and {bad} for a bad one"
    statistics = metric.statistics(_outcome(metric.needs, right=True))
    if statistics is not None:
        assert statistics.ndim == 2, f"statistics are of shape {statistics.shape}, not (units, numbers of each)"
        assert len(statistics) == 40, f"there are statistics of {len(statistics)} units, not of 40"
        again = metric.of(statistics.sum(axis=0))
        assert math.isclose(again, good, rel_tol=1e-6), f"its statistics come to {again}, it is computed as {good}"
    reference = metric.reference(_outcome(metric.needs, right=True))
    assert reference is None or math.isfinite(reference), f"the reference is {reference}"


def try_decoding(decoding: Decoding) -> None:
    """Assert that it chooses a token for each row, by nothing but that row and its random number."""
    import torch

    logits = torch.linspace(-2, 2, 5 * 40).reshape(5, 40).sin() * 3
    seen, uniform = logits > 2, torch.linspace(0, 0.99, 5)
    chosen = decoding.choose(logits.clone(), seen, uniform)
    assert chosen.shape == (5,), f"it gives one token a row, of shape (5,), not {tuple(chosen.shape)}"
    assert bool(((chosen >= 0) & (chosen < 40)).all()), "it chooses tokens that there are not"
    for row in range(5):
        alone = decoding.choose(logits[row : row + 1].clone(), seen[row : row + 1], uniform[row : row + 1])
        assert torch.equal(alone, chosen[row : row + 1]), "a row alone, with the same random number, chooses otherwise"
    assert decoding.max_tokens > 0


def _prepared(objective: Objective, shape: Shape, records: Records) -> tuple[Batch, Facts]:
    """Encode records as the tokens task does, bring them together as the loader does, and prepare the batch."""
    import numpy as np

    tokenizer = _tokenizer(records)
    encoding = objective.encoding(shape)
    numbered = [{**record, "_record": number} for number, record in enumerate(records)]
    facts = {"vocab_size": tokenizer.get_vocab_size(), "roles": ROLES, **encoding.collect(numbered)}
    rows = list(encoding.rows(numbered, tokenizer, ROLES, facts))
    assert rows, "the encoding makes no row of the records"
    types = encoding.arrays()
    streams = [name for name in types if is_tokens(name)]
    marks = {name.removesuffix("tokens") + "segments" for name in streams}
    assert streams, "the body reads tokens"
    assert marks <= types.keys(), "the body reads tokens and segments"
    batch: Batch = {}
    for name, type_ in types.items():
        is_real = type_.dtype.startswith("float")
        arrays = [np.asarray(row[name], np.float32 if is_real else np.int64) for row in rows]
        longest = max((array.shape[0] for array in arrays if array.ndim), default=0)
        batch[name] = np.stack([np.pad(array, (0, longest - len(array))) if array.ndim else array for array in arrays])
    # One row can't be halved.
    if len(rows) == 1:
        batch = {name: np.concatenate([array, array]) for name, array in batch.items()}
    return objective.prepare(batch, np.random.default_rng(0), facts), facts


def _tokenizer(records: Records) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    texts = [value for record in records for value in record.values() if isinstance(value, str)]
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=300,
            special_tokens=[f"<|{role}|>" for role in SPECIAL],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokenizer.encode_special_tokens = True
    return tokenizer


def _network(objective: Objective, model: Model, facts: Facts, device: str = "cpu") -> Network:
    import torch

    from .nn.network import Network

    with torch.random.fork_rng(devices=[]), torch.device(device):
        torch.manual_seed(0)
        body = model.body(facts["vocab_size"])
        return Network(body, objective.head(model.shape, body, facts))


def _loss(objective: Objective, network: Network, batch: Batch, device: str = "cpu") -> torch.Tensor:
    import numpy as np
    import torch

    tensors = {name: torch.from_numpy(np.ascontiguousarray(array)).to(device) for name, array in batch.items()}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        loss, parts = objective.loss(network, tensors)
    assert all(part.shape == () for part in parts.values()), "further sums are scalars too"
    return loss


def _halves(rows: int) -> tuple[slice, slice]:
    return slice(0, rows // 2), slice(rows // 2, None)


def _outcome(needs: str, right: bool) -> Outcome:
    """Make what a model did on 40 records of two labels (30 and 10), or of answers, a row each: well, or badly."""
    import numpy as np

    records: list[Mapping[str, Any]] = []
    if needs == "answer":
        answers = [["the old oak"] if number % 4 else [] for number in range(40)]
        given = [one[0] if one else "" for one in answers] if right else ["rain"] * 40
        context = "the dog lay under the old oak"
        records = [
            {"record": number, "context": context, "answers": answers[number], "prediction": given[number]}
            for number in range(40)
        ]
        return Outcome({"rows": 40.0}, records)
    for number in range(40):
        label = int(number % 4 == 0)
        prediction = label if right and number % 10 else 1 - label
        chance = 0.9 if prediction else 0.1
        records.append({"record": number, "label": label, "prediction": prediction, "scores": [1 - chance, chance]})
    loss = 0.7 if right else 5.0
    sums = {"loss": 1000 * loss, "count": 1000.0, "rows": 40.0}
    facts: Facts = {
        "labels": ["no", "yes"],
        "vocab_size": 300,
        "bytes": 4000,
        "tokens": 1000,
        "rows": 40,
        "records": 40,
    }
    by_row = {"loss": np.full(40, 25 * loss), "count": np.full(40, 25.0)}
    return Outcome(sums, records, {number: 10 + number for number in range(20)}, facts, by_row)
