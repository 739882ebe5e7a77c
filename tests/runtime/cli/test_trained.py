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
    assert "predicts nothing for a record" in err
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


ASKED = """experiment asked { device = cpu }
data all = squad("questions.json") |> split(validation = 20%)
tokenizer letters = train_bpe(all.train, column = "context", vocab_size = 300)
model small = encoder { layers = 1, hidden_size = 32, heads = 2, context_length = 24 }
stage reader = train {
  model = small, tokenizer = letters, data = all, objective = extractive_qa { stride = 3, max_answer_length = 6 }
  optimizer = adamw { lr = 2e-2 }, batch = 16 examples, budget = 12 epochs, select = exact_match
}
eval scores = evaluate(
  reader.best, data = all.validation, metrics = [exact_match, answer_f1, has_answer_f1, no_answer_accuracy]
)
expect reads = scores.exact_match > 0.8
"""


def test_answers_are_cut_from_the_source(project: Project) -> None:
    words = ["猫\u3099だ", "cat", "\U0001f431", "dog"]
    asked = []
    for number in range(120):
        word = words[number % 4]
        context = " ".join(["a b"] * (number % 7) + ([word] if number % 5 else []) + ["c  d"] * (number % 6 + 1))
        answers = [{"text": word, "answer_start": context.index(word)}] if number % 5 else []
        qa = {"id": str(number), "question": "who?", "answers": answers, "is_impossible": not answers}
        asked.append({"context": context, "qas": [qa]})
    document = {"data": [{"title": "t", "paragraphs": asked}]}
    (project.root / "questions.json").write_text(json.dumps(document), encoding="utf-8")
    project.write(ASKED, "asked.llx")
    code, out, err = project.llx("run", "asked.llx")
    assert code == 0, out + err
    contexts = ["a b a b 猫\u3099だ c  d", "a b c  d", "a b a b a b a b a b a b a b a b a b a b cat c  d c  d"]
    given = [json.dumps({"question": "who?", "context": context}) for context in contexts]
    code, out, err = project.llx("predict", "asked.llx", "reader", *given, "--json")
    assert code == 0, err
    found = [json.loads(line) for line in out.splitlines()]
    assert [one["prediction"] for one in found] == ["猫\u3099だ", "", "cat"]
    for context, one in zip(contexts, found, strict=True):
        assert one["context"] == context
        assert one["prediction"] == (context[one["start"] : one["end"]] if one["start"] is not None else "")
        assert 0 < one["score"] <= 1
        assert all(each["answer"] == context[each["start"] : each["end"]] for each in one["n_best"])
    code, out, _ = project.llx("predict", "asked.llx", "reader", *given)
    assert code == 0
    assert "(no answer)" in out.splitlines()[1]
    code, _, err = project.llx("predict", "asked.llx", "reader", "who")
    assert code == 1
    assert "`reader` reads the columns question, context" in err


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
