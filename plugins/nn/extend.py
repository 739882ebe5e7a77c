"""Weights for more tokens than a checkpoint has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..component import Facts
from ..models import Model
from ..values import Objective
from .outline import outline


def extended(
    weights: Mapping[str, Tensor],
    model: Model,
    objective: Objective | None,
    facts: Facts,
    size: int,
    pieces: Mapping[int, Sequence[int]],
) -> dict[str, Tensor]:
    """Give weights for a vocabulary of `size` tokens, those of `pieces` (id -> ids) as the mean of their pieces'.

    Whatever has a row for each token is extended: the embedding, and a projection or bias of the head if it is no part of the
    embedding. Which tensors that are, a network of another vocabulary shows by its shapes. Rows that no token has (a
    vocabulary that was filled up) begin as the mean of all.
    """
    before = facts["vocab_size"]
    own, other = (
        {
            name: tensor.shape
            for name, tensor in outline(model, objective, facts | {"vocab_size": n}).state_dict().items()
        }
        for n in (before, before + 1)
    )
    written = dict(weights)
    for name, tensor in weights.items():
        along = [dim for dim, (a, b) in enumerate(zip(own[name], other[name], strict=True)) if a != b]
        if not along:
            continue
        [dim] = along
        rows = tensor.movedim(dim, 0)
        wider = torch.cat([rows, rows.mean(dim=0, keepdim=True).expand(size - before, *rows.shape[1:])])
        for number, made_of in pieces.items():
            wider[number] = rows[list(made_of)].mean(dim=0)
        written[name] = wider.movedim(0, dim).contiguous()
    return written
