"""Labels and tags from file to `llx predict`: a small model learns a few records by heart."""

from __future__ import annotations

import json
from pathlib import Path

import llx
import pytest
from llx.runtime.cli.main import main
from llx.runtime.words import say_text

COMMON = """
tokenizer bpe = train_bpe(texts, vocab_size = 300)
data texts = text("texts.txt", separator = "\\n")
model small = {model} {{ layers = 1, hidden_size = 32, heads = 4, context_length = 24 }}
stage learn = train {{
  model = small, tokenizer = bpe, data = rows, objective = {objective}, optimizer = adamw {{ lr = 1e-2 }}
  batch = 8 examples, budget = {steps} steps
}}
eval scores = evaluate(learn.last, data = rows, metrics = [{metrics}])
"""
NAMES = """Mary\tB-PER
Smith\tI-PER
saw\tO
Paris\tB-LOC

rain\tO
fell\tO

Jim\tB-PER
Ann\tB-PER
left\tO
New\tB-LOC
York\tI-LOC
"""
SORTED = [
    {"body": "the cat sat", "topics": ["animal", "home"]},
    {"body": "rain fell", "topics": []},
    {"body": "a dog in the forest", "topics": ["animal"]},
    {"body": "the red house", "topics": ["home"]},
]


def written(folder: Path, rows: str, **values: object) -> Path:
    (folder / "texts.txt").write_text("Mary Smith saw Paris\nthe cat sat\nrain fell\n" * 20)
    file = folder / "labels.llx"
    file.write_text(f"data rows = {rows}\n" + COMMON.format(**values))
    return file


def predicted(capsys: pytest.CaptureFixture[str], file: Path, *texts: str) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(["predict", str(file), "learn.last", *texts])
    shown = capsys.readouterr()
    assert ended.value.code == 0, shown.err
    return shown.out


@pytest.mark.parametrize("model", ["encoder", "decoder"])
def test_tags_come_back_as_spans_with_their_place(
    tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "names.txt").write_text(NAMES)
    metrics = "span_f1, span_precision, span_recall, tag_accuracy"
    file = written(
        tmp_path, 'conll("names.txt")', model=model, objective="token_classification", steps=120, metrics=metrics
    )
    result = llx.run(file)
    assert result.ok, str(result)
    scores = result["scores"].facts
    assert scores["metrics"] == dict.fromkeys(metrics.split(", "), 1.0)
    assert scores["by_label"]["span_f1"] == {"LOC": 1.0, "PER": 1.0}
    assert scores["references"]["span_f1"] == 0
    found = json.loads(predicted(capsys, file, "--json", "Mary Smith saw Paris"))
    assert [(one["label"], one["text"], one["start"], one["end"]) for one in found["prediction"]] == [
        ("PER", "Mary Smith", 0, 10),
        ("LOC", "Paris", 15, 20),
    ]
    shown = predicted(capsys, file, '["Mary", "Smith", "saw", "Paris"]')
    assert "PER Mary Smith [0:10]" in shown
    assert "LOC Paris [15:20]" in shown


def test_several_labels_are_shown_each_with_its_score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sorted.jsonl").write_text("".join(json.dumps(row) + "\n" for row in SORTED))
    metrics = "accuracy, micro_f1, macro_f1, jaccard, auroc"
    file = written(
        tmp_path,
        'jsonl("sorted.jsonl", text = "body", label = "topics")',
        model="encoder",
        objective="classification { multi_label = true, class_weights = balanced }",
        steps=120,
        metrics=metrics,
    )
    result = llx.run(file)
    assert result.ok, str(result)
    assert result["scores"].facts["metrics"] == dict.fromkeys(metrics.split(", "), 1.0)
    assert "confusion" not in result["scores"].facts, "there is none for several labels"
    found = json.loads(predicted(capsys, file, "--json", "the cat sat"))
    assert found["prediction"] == ["animal", "home"]
    assert set(found["scores"]) == {"animal", "home"}
    lines = predicted(capsys, file, "the cat sat", "rain fell").splitlines()
    assert [line.split()[0] for line in lines] == ["animal", "home", "(no"]


def test_lines_are_named_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text(NAMES.replace("Smith\tI-PER", "Smith\tI-LOC"))
    file = written(
        tmp_path, 'conll("names.txt")', model="encoder", objective="token_classification", steps=1, metrics="span_f1"
    )
    [found] = [one for one in llx.check(file).diagnostics if one.code == "L0759"]
    assert str(found.message.values["where"].values["number"]) == "2"
    file.write_text(file.read_text().replace("token_classification", "token_classification { scheme = iob1 }"))
    assert not [one for one in llx.check(file).diagnostics if one.is_error]


def test_a_word_without_a_tag_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text(NAMES.replace("Paris\tB-LOC", "Paris"))
    file = written(
        tmp_path, 'conll("names.txt")', model="encoder", objective="token_classification", steps=1, metrics="span_f1"
    )
    [found] = [one for one in llx.check(file).diagnostics if one.is_error]
    assert (found.code, found.message.values["where"].values["number"]) == ("L0756", 4)


def test_labels_that_look_like_ids_are_a_warning(tmp_path: Path) -> None:
    lines = "".join(f"text {n},{n * 17},{'a' if n % 3 else 'b'}\n" for n in range(30))
    (tmp_path / "rows.csv").write_text("text,id,verdict\n" + lines)
    values = {"model": "encoder", "objective": "classification", "steps": 1, "metrics": "accuracy"}
    file = written(tmp_path, 'csv("rows.csv", label = "id")', **values)
    assert "L0753" in [one.code for one in llx.check(file).diagnostics]
    file = written(tmp_path, 'csv("rows.csv", label = "verdict")', **values)
    assert "L0753" not in [one.code for one in llx.check(file).diagnostics]


RULED = """
tokenizer bpe = train_bpe(rows, vocab_size = 300)
model small = encoder {{ layers = 1, hidden_size = 32, heads = 4, context_length = 24 }}
stage learn = train {{
  model = small, tokenizer = bpe, data = {data}, objective = classification{weights}
  batch = 8 examples, budget = 4 steps
}}
data rows = csv("rows.csv", label = "label")
data held = csv("held.csv", label = "label")
data both = splits {{ train = rows, validation = held }}
"""


@pytest.mark.parametrize(
    ("labels", "held", "data", "weights", "found"),
    [
        ("ab" * 20, "ab", "both", "", []),
        ("ab" * 20, "abc", "both", "", [("L0513.check", "`held.csv`, row 3")]),
        ("ab" * 20, "abc", "rows", "", []),
        ("a" * 40, "a", "rows |> split(validation = 50%)", "", [("L0512.check", "rows.csv")]),
        ("a" * 39 + "b", "a", "rows |> split(validation = 50%)", "", [("L0930", "97.5%")]),
        ("a" * 39 + "b", "a", "rows", " { class_weights = balanced }", []),
        ("a" * 300 + "b" * 300 + " ", "a", "rows", "", [("L0622", "`rows.csv`, line 602")]),
    ],
)
def test_labels_of_small_files_are_looked_at_before_anything_runs(
    tmp_path: Path, labels: str, held: str, data: str, weights: str, found: list[tuple[str, str]]
) -> None:
    for name, given in (("rows", labels), ("held", held)):
        lines = (f"text {name} {number},{label.strip()}\n" for number, label in enumerate(given))
        (tmp_path / f"{name}.csv").write_text("text,label\n" + "".join(lines))
    file = tmp_path / "labels.llx"
    file.write_text(RULED.format(data=data, weights=weights))
    keys = {"L0512.check", "L0513.check", "L0622", "L0930"}
    said = [one.message for one in llx.check(file).diagnostics if one.message.key in keys]
    assert [one.key for one in said] == [key for key, _ in found]
    assert all(text in say_text(one) for one, (_, text) in zip(said, found, strict=True))
