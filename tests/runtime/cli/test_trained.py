"""`llx generate` and `llx predict` with models that were trained a moment ago."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from llx.plugins.values import ArrayOf
from llx.plugins.work import Input
from llx.runtime.cli.generate import InOrder
from llx.runtime.training.generate import Written
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


def test_prompts_come_from_a_pipe_and_texts_go_into_one(trained: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    decoding = ("--decoding", 'sample { max_tokens = 5, stop = ["q"] }')
    given = trained.llx("generate", "tiny.llx", "writer", "good", "bad", *decoding)
    assert given[0] == 0
    assert given[1].startswith("good")
    assert "\n\nbad" in given[1]
    monkeypatch.setattr("sys.stdin", io.StringIO("good\nbad\n"))
    assert trained.llx("generate", "tiny.llx", "writer", *decoding) == given
    monkeypatch.setattr("sys.stdin", io.StringIO("good\nbad\n"))
    code, out, _ = trained.llx("generate", "tiny.llx", "writer", "--json", *decoding)
    texts = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert "\n\n".join(one["prompt"] + one["text"] for one in texts) + "\n" == given[1]
    assert all(one["tokens"] <= 5 and one["ended"] in ("end", "stop", "length") for one in texts)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert trained.llx("generate", "tiny.llx", "writer", *decoding)[0] == 0


def test_what_was_written_stays_when_it_is_interrupted(trained: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from llx.runtime.training.continuation import Continuation

    add, heard = Continuation.add, []

    def interrupted(self: Continuation, token: int) -> str:
        heard.append(token)
        if len(heard) == 4:
            raise KeyboardInterrupt
        return add(self, token)

    decoding = ("--decoding", "greedy { max_tokens = 9 }")
    whole = trained.llx("generate", "tiny.llx", "writer", "good", *decoding)[1]
    monkeypatch.setattr(Continuation, "add", interrupted)
    assert trained.llx("generate", "tiny.llx", "writer", "good", *decoding) == (130, whole[:7] + "\n", "")


def test_texts_stand_in_order_and_the_first_comes_as_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    show = InOrder(["a", "b", "c"], as_json=False)
    show(0, " one", None)
    assert capsys.readouterr().out == "a one"
    show(1, " two", None)
    show(2, " three", Written(" three", 1, "end"))
    assert capsys.readouterr().out == ""
    show(0, "", Written(" one", 1, "length"))
    assert capsys.readouterr().out == "\n\nb two"
    show(1, "!", Written(" two!", 2, "end"))
    assert capsys.readouterr().out == "!\n\nc three\n"


def test_nothing_is_freed_while_a_checkpoint_is_used(trained: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from llx.runtime import gc
    from llx.runtime.cli.trained import Reading

    busy = []
    open_input = Reading.input

    def look(self: Reading, reference: Any) -> Input:
        with pytest.raises(gc.Busy):
            gc.collect(self.store, gc.survey(self.store))
        busy.append(reference)
        return open_input(self, reference)

    monkeypatch.setattr(Reading, "input", look)
    assert trained.llx("generate", "tiny.llx", "writer", "good")[0] == 0
    assert busy
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
