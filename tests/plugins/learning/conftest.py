"""A small real tokenizer, and rows and networks made with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from llx.plugins.component import Facts
from llx.plugins.models import Model
from llx.plugins.nn.network import Network
from llx.plugins.values import Batch, Encoding, Objective
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

NAMES = [
    "end",
    "mask",
    "pad",
    "fim_prefix",
    "fim_suffix",
    "fim_middle",
    "turn_start",
    "turn_end",
    *(f"sentinel_{i}" for i in range(8)),
]
ROLES = {role: number for number, role in enumerate(NAMES)}
SPECIALS = [f"<|{role}|>" for role in NAMES]
TEXT = "the cat sat on the mat and the dog lay under the old oak tree while rain fell on the red roof. " * 4


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    """A byte-level BPE of 300 entries with special tokens for the roles."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        [TEXT], trainers.BpeTrainer(vocab_size=300, special_tokens=SPECIALS, initial_alphabet=alphabet)
    )
    assert [made.token_to_id(token) for token in SPECIALS] == list(ROLES.values())
    return made


@pytest.fixture(scope="session")
def facts(tokenizer: Tokenizer) -> Facts:
    return {"vocab_size": tokenizer.get_vocab_size(), "roles": ROLES, "labels": ["bad", "good", "so-so"]}


MakeRows = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def rows(tokenizer: Tokenizer, facts: Facts) -> MakeRows:
    """Give a function that encodes records, numbered in order."""

    def make(encoding: Encoding, records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        numbered = [record | {"_record": number} for number, record in enumerate(records)]
        return list(encoding.rows(numbered, tokenizer, ROLES, facts))

    return make


Together = Callable[[Sequence[dict[str, Any]]], Batch]


@pytest.fixture(scope="session")
def together() -> Together:
    """Give a function that brings rows together as the loader does: padded with 0, integers as int64."""

    def bring(rows: Sequence[dict[str, Any]]) -> Batch:
        batch: Batch = {}
        for name in rows[0]:
            arrays = [np.asarray(row[name], dtype=np.int64) for row in rows]
            if arrays[0].ndim:
                longest = max(len(array) for array in arrays)
                arrays = [np.pad(array, (0, longest - len(array))) for array in arrays]
            batch[name] = np.stack(arrays)
        return batch

    return bring


MakeTensors = Callable[..., dict[str, torch.Tensor]]


@pytest.fixture(scope="session")
def tensors() -> MakeTensors:
    """Give a function that turns a batch into tensors."""

    def make(batch: Batch, device: str = "cpu") -> dict[str, torch.Tensor]:
        return {name: torch.from_numpy(np.ascontiguousarray(array)).to(device) for name, array in batch.items()}

    return make


MakeNetwork = Callable[..., Network]


@pytest.fixture(scope="session")
def network(facts: Facts) -> MakeNetwork:
    """Give a function that builds body and head."""

    def make(model: Model, objective: Objective, device: str = "cpu", seed: int = 0) -> Network:
        torch.manual_seed(seed)
        with torch.device(device):
            body = model.body(facts["vocab_size"])
            return Network(body, objective.head(model.shape, body, facts))

    return make
