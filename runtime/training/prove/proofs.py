"""The invariants of training, each proved by trying it: a proof raises Broken where it doesn't hold.

They are held of every model and objective, a plugin's too, in float32 and without dropout: what differs by more than
rounding is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from ....plugins.values import Batch
from ..build import build
from .case import Broken, Case, bare, own_stream, shortened, streams

ROUNDING = 2e-4
"""The share of a tensor's largest value by which two ways to compute it may differ in float32."""


def seed(case: Case) -> None:
    """The same seed gives the same bits: first weights, and loss and gradients with dropout on."""
    first, second = (build(case.model, case.objective, case.facts, case.seed) for _ in range(2))
    for (name, one), (_, other) in zip(first.named_parameters(), second.named_parameters(), strict=True):
        if not torch.equal(one, other):
            raise Broken(name)
    batch = case.prepared()
    case.network.train()
    try:
        (loss, gradients), (loss_again, again) = _gradients(case, [batch]), _gradients(case, [batch])
    finally:
        case.network.eval()
    if not torch.equal(loss, loss_again):
        raise Broken("loss")
    for name, gradient in gradients.items():
        if not torch.equal(gradient, again[name]):
            raise Broken(f"{name}.grad")


def documents(case: Case) -> None:
    """A document that shares its row with another, and with padding, has the hidden states that it has alone."""
    batch = case.prepared()
    together: Batch = {}
    alone: tuple[Batch, Batch] = ({}, {})
    places = {}
    for prefix in streams(batch):
        tokens, marks = batch[f"{prefix}tokens"], batch.get(f"{prefix}segments")
        length = min(tokens.shape[1], case.model.shape.context_length)
        sizes = [_own_tokens(marks, row, length // 3) for row in (0, 1)]
        parts = [tokens[row, :size] for row, size in zip((0, 1), sizes, strict=True)]
        rest = np.zeros(length - sum(sizes), dtype=tokens.dtype)
        together[bare(f"{prefix}tokens")] = np.concatenate([*parts, rest])[None]
        together[bare(f"{prefix}segments")] = np.repeat([1, 2, 0], [*sizes, len(rest)])[None]
        for one, part in zip(alone, parts, strict=True):
            one[bare(f"{prefix}tokens")] = part[None]
            one[bare(f"{prefix}segments")] = np.ones_like(part)[None]
        places[prefix] = (0, sizes[0], sum(sizes))
    states = case.hidden(together)[0]
    bounds = places[own_stream(batch)]
    for number, one in enumerate(alone):
        expected = case.hidden(one)[0]
        found = states[bounds[number] : bounds[number + 1]]
        if (share := _difference(found, expected)) > ROUNDING:
            raise Broken("hidden states", document=number + 1, share=share)


def causality(case: Case) -> None:
    """With causal attention, what comes later changes nothing of what stood before."""
    if case.model.attention != "causal":
        return
    batch = case.prepared()
    # A row may hold several texts side by side that are read apart.
    tokens = batch[f"{own_stream(batch)}tokens"][:, : case.model.shape.context_length]
    half = tokens.shape[1] // 2
    later = tokens.copy()
    later[:, half:] = _others(later[:, half:], case)
    before, after = (case.hidden({"tokens": each})[:, :half] for each in (tokens, later))
    if (share := _difference(after, before)) > ROUNDING:
        raise Broken("hidden states", position=half, share=share)


def padding(case: Case) -> None:
    """The loss doesn't depend on what stands in the padding."""
    batch = case.prepared(shortened(case.rows))
    other = dict(batch)
    for prefix in streams(batch):
        tokens = batch[f"{prefix}tokens"]
        padded = batch[f"{prefix}segments"] == 0
        other[f"{prefix}tokens"] = np.where(padded, _others(tokens, case), tokens)
    with torch.no_grad():
        loss, changed = case.loss(batch), case.loss(other)
    if (share := _difference(changed, loss)) > ROUNDING:
        raise Broken("loss", share=share)


def targets(case: Case) -> None:
    """Loss reaches the positions that carry it, all of them and no other; padding never does."""
    batch = case.prepared(shortened(case.rows))
    reached = _reached(case, batch)
    segments = batch.get(f"{own_stream(batch)}segments")
    if segments is not None:
        reached = reached.reshape(segments.shape)  # texts that lie side by side may be read one below the other
        _hold(reached & (segments == 0), "padding")
    carriers = case.objective.carries(batch)
    if carriers is not None:
        _hold(reached & ~carriers, "extra")
        _hold(carriers & ~reached, "missing")


def accumulation(case: Case) -> None:
    """The gradients of micro-batches add up to those of the batch."""
    batch = case.prepared()
    parts = [{name: array[some] for name, array in batch.items()} for some in (slice(0, 1), slice(1, None))]
    _, whole = _gradients(case, [batch])
    _, added = _gradients(case, parts)
    largest = max((float(gradient.abs().max()) for gradient in whole.values()), default=0.0)
    for name, gradient in whole.items():
        # What is zero but for rounding is measured by the others.
        share = _difference(added[name], gradient, at_least=1e-3 * largest)
        if share > ROUNDING:
            raise Broken(f"{name}.grad", share=share)


Proof = Callable[[Case], None]
PROOFS: dict[str, Proof] = {
    "seed": seed,
    "documents": documents,
    "causality": causality,
    "padding": padding,
    "targets": targets,
    "accumulation": accumulation,
}
"""In the order in which one that fails explains those after it."""

OF_THE_BODY = ("documents", "causality")
"""Proofs that speak of the model; the others speak of the objective on it."""


def _gradients(case: Case, parts: list[Batch]) -> tuple[Tensor, dict[str, Tensor]]:
    """Give the loss and the gradients by name, summed over parts; the network keeps none."""
    network = case.network
    network.zero_grad(set_to_none=True)
    count = sum(case.objective.count(part) for part in parts) or 1.0
    losses = []
    for part in parts:
        loss = case.loss(part) / count
        loss.backward()
        losses.append(loss.detach())
    found = {name: each.grad for name, each in network.named_parameters() if each.grad is not None}
    network.zero_grad(set_to_none=True)
    return torch.stack(losses).sum(), found


def _reached(case: Case, batch: Batch) -> np.ndarray:
    """Say which hidden states (B, L) the loss depends on: those with a gradient."""
    leaves: list[tuple[Tensor, Tensor | None]] = []
    """Hidden states (B, L, H), or those at positions (B, K)."""

    def cut(module: object, given: object, named: Mapping[str, Tensor], states: Tensor) -> Tensor:
        leaves.append((states.detach().requires_grad_(), named.get("at")))
        return leaves[-1][0]

    handle = case.network.body.register_forward_hook(cut, with_kwargs=True)
    try:
        case.loss(batch).backward()
    finally:
        handle.remove()
        case.network.zero_grad(set_to_none=True)
    reached, length = torch.zeros(()), batch[f"{own_stream(batch)}tokens"].shape[1]
    for leaf, at in leaves:
        if leaf.grad is not None:
            found = leaf.grad.abs().sum(-1)  # (B, L) or (B, K)
            reached = reached + (found if at is None else found.new_zeros(len(at), length).scatter_add(1, at, found))
    return reached.gt(0).cpu().numpy()


def _hold(wrong: np.ndarray, how: str) -> None:
    if wrong.any():
        row, position = np.argwhere(wrong)[0]
        raise Broken("hidden states", how=how, row=int(row), position=int(position), count=int(wrong.sum()))


def _own_tokens(segments: np.ndarray | None, row: int, most: int) -> int:
    """Count the tokens of a row's first document, one at least and `most` at most."""
    if segments is None:
        return max(most, 1)
    return max(1, min(most, int((segments[row] == segments[row, 0]).argmin() or segments.shape[1])))


def _others(tokens: np.ndarray, case: Case) -> np.ndarray:
    """Give other tokens of the vocabulary in the place of each."""
    return (tokens + 1 + np.arange(tokens.shape[-1])) % case.facts["vocab_size"]


def _difference(found: Tensor, expected: Tensor, at_least: float = 0.0) -> float:
    """Give the largest difference as a share of the largest value, infinite where one of them is no number."""
    scale = max(float(expected.abs().max()), at_least, 1e-30)
    share = float((found - expected).abs().max()) / scale
    return share if np.isfinite(share) else float("inf")
