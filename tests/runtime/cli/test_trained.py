"""`llx generate` and `llx predict` with models that were trained a moment ago."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from llx.plugins.values import ArrayOf
from llx.runtime.training.predict import stacked

if TYPE_CHECKING:
    from .conftest import Project

TINY = """experiment tiny { device = cpu }
param seed = 0
data rows = csv("rows.csv") |> split(validation = 20%)
tokenizer letters = characters(rows.train)
model small = decoder { layers = 1, hidden_size = 16, heads = 2, context_length = 24 }
stage writer = train {
  model = small, tokenizer = letters, data = rows, objective = causal_lm, batch = 8 examples, budget = 2 steps
}
stage judge = train {
  model = small, tokenizer = letters, data = rows, objective = classification, batch = 8 examples
  optimizer = adamw { lr = 3e-2 }, budget = 60 steps
}
"""


@pytest.fixture
def trained(project: Project) -> Project:
    rows = [f"{'good' if i % 2 else 'bad'} word {i},{'yes' if i % 2 else 'no'}" for i in range(60)]
    (project.root / "rows.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    project.write(TINY.replace('csv("rows.csv")', 'csv("rows.csv", label = "label")'), "tiny.llx")
    code, _, err = project.llx("run", "tiny.llx")
    assert code == 0, err
    return project


def test_trained_stages_write_and_label(trained: Project) -> None:
    code, out, err = trained.llx("predict", "tiny.llx", "judge", "good word 7", "bad word 8", "--json")
    assert code == 0, err
    found = [json.loads(line) for line in out.splitlines()]
    assert [one["prediction"] for one in found] == ["yes", "no"]
    assert sum(found[0]["scores"].values()) == pytest.approx(1, abs=1e-5)

    code, out, _ = trained.llx("predict", "tiny.llx", "judge.last", "good\tword 7")
    assert code == 0
    assert out.split()[0] == "yes"

    code, out, _ = trained.llx("generate", "tiny.llx", "writer", "good", "--decoding", "greedy { max_tokens = 4 }")
    assert code == 0
    assert out.startswith("good")

    code, _, err = trained.llx("generate", "tiny.llx", "judge", "good")
    assert code == 1
    assert "`judge` was trained with `classification`, which writes no text" in err
    code, _, err = trained.llx("predict", "tiny.llx", "writer", "good")
    assert code == 1
    assert "gives no labels" in err
    code, _, err = trained.llx("generate", "tiny.llx", "writer", "good", "--decoding", "greeedy")
    assert code == 1
    assert "greedy" in err
    trained.write(
        TINY.replace('csv("rows.csv")', 'csv("rows.csv", label = "label")').replace("2 steps", "3 steps"), "tiny.llx"
    )
    code, _, err = trained.llx("generate", "tiny.llx", "writer", "good")
    assert code == 1
    assert "llx run tiny.llx --only writer" in err
    assert not list(Path().glob("llx-traceback-*"))


def test_nothing_is_freed_while_a_checkpoint_is_used(trained: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from llx.runtime import gc
    from llx.runtime.cli.trained import Reading

    def generate(self: Reading, *_: object) -> list[str]:
        with pytest.raises(gc.Busy):
            gc.collect(self.store, gc.survey(self.store))
        return ["."]

    monkeypatch.setattr(Reading, "generate", generate)
    assert trained.llx("generate", "tiny.llx", "writer", "good")[:2] == (0, "good.\n")
    (trained.root / "tiny.llx").unlink()
    assert trained.llx("gc", "--yes")[0] == 0


def test_a_stage_that_reads_two_columns_takes_objects(trained: Project) -> None:
    reader = 'csv("rows.csv", label = "label", columns = { second = "text" })'
    pair = TINY.replace('csv("rows.csv")', reader).replace("= classification", '= classification { pair = "second" }')
    trained.write(pair, "pair.llx")
    assert trained.llx("run", "pair.llx", "--only", "judge")[0] == 0
    given = {"text": "good word 7", "second": "good word 7"}
    code, out, err = trained.llx("predict", "pair.llx", "judge", json.dumps(given), "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["prediction"] in ("yes", "no")
    assert {name: found[name] for name in given} == given
    for wrong in ("good word 7", '{"text": "good"}', "[1]", "3"):
        code, _, err = trained.llx("predict", "pair.llx", "judge", wrong)
        assert code == 1
        assert "`judge` reads the columns text, second" in err
    code, _, err = trained.llx("predict", "pair.llx", "judge", '{"text": "good", "second": 3}')
    assert code == 1
    assert "its `second` is 3" in err


def test_rows_are_put_together_with_padding() -> None:
    class Encoding:
        def arrays(self) -> dict[str, ArrayOf]:
            return {"tokens": ArrayOf("token", (None,)), "label": ArrayOf("int32"), "weight": ArrayOf("float32", (2,))}

    rows = [
        {"tokens": np.array([1, 2, 3]), "label": 1, "weight": np.array([0.5, 1.0], np.float32)},
        {"tokens": np.array([4]), "label": 0, "weight": np.array([0.0, 2.0], np.float32)},
    ]
    batch = stacked(rows, Encoding())  # type: ignore[arg-type]
    assert batch["tokens"].tolist() == [[1, 2, 3], [4, 0, 0]]
    assert batch["label"].tolist() == [1, 0]
    assert batch["weight"].dtype == np.float32
