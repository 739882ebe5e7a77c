"""The objective that docs/objectives.md shows, run as it stands there."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import llx
import numpy as np
import pytest
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.model.encoder import Encoder
from llx.plugins.builtin.optimizer.adamw import AdamW
from llx.plugins.models import Model
from llx.plugins.values import Objective

PAGE = Path(llx.__file__).parent / "docs" / "objectives.md"
SIZES: dict[str, Any] = {"layers": 1, "hidden_size": 32, "heads": 4, "context_length": 24}
TEXT = "the cat sat on the mat and the dog lay under the old oak tree. "


@pytest.fixture
def objective(tmp_path: Path) -> Objective:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    file = tmp_path / "documented.py"
    file.write_text("\n".join(blocks), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("documented", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.ReplacedTokens(rate=0.3)
    assert isinstance(made, Objective)
    return made


@pytest.mark.parametrize("model", [Decoder(**SIZES), Encoder(**SIZES)], ids=["decoder", "encoder"])
def test_it_learns(
    objective: Objective, model: Model, rows: Any, together: Any, network: Any, tensors: Any, facts: dict[str, Any]
) -> None:
    batch = together(rows(objective.encoding(model.shape), [{"text": TEXT * 20}]))
    prepared = objective.prepare(batch, np.random.default_rng(0), facts)
    net = network(model, objective)
    optimizer = AdamW(lr=1e-2).build(net)
    losses = []
    for _ in range(30):
        loss, parts = objective.loss(net, tensors(prepared))
        (loss / objective.count(prepared)).backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item() / objective.count(prepared))
        assert 0 <= parts["accuracy"].item() <= objective.count(prepared)
    assert losses[-1] < 0.7 * losses[0]


def test_it_runs_on_meta(
    objective: Objective, rows: Any, together: Any, network: Any, tensors: Any, facts: dict[str, Any]
) -> None:
    model = Encoder(**SIZES)
    batch = together(rows(objective.encoding(model.shape), [{"text": TEXT}]))
    prepared = objective.prepare(batch, np.random.default_rng(0), facts)
    loss, _ = objective.loss(network(model, objective, "meta"), tensors(prepared, "meta"))
    loss.backward()
    assert loss.shape == ()
