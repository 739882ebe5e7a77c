"""Two runs compared: values that differ, metrics in pairs, and what can't be compared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import llx
import numpy as np
import pytest
from llx.plugins.builtin.metric.accuracy import Accuracy
from llx.plugins.builtin.metric.perplexity import Perplexity
from llx.plugins.intervals import chance_of_means
from llx.plugins.outcomes import read_outcome, write_outcome
from llx.plugins.registry import Registry
from llx.plugins.values import Metric
from llx.plugins.work import Outcome
from llx.runtime.comparing import Side, compared, means, pairs_of

COMMAND = [sys.executable, "-c", "from llx.runtime.cli.main import main; main()"]

EXPERIMENT = """
experiment small {
  seed = 3
}

param lr = 1e-2

data labelled = csv("labels.csv", label = "label") |> split(test = 40%, by = "text")

tokenizer letters = characters(labelled.train)

model gpt = encoder {
  layers         = 1
  hidden_size    = 16
  heads          = 2
  context_length = 16
}

stage learned = train {
  model     = gpt
  tokenizer = letters
  data      = labelled
  objective = classification
  optimizer = adamw { lr = lr }
  batch     = 16 examples
  budget    = 30 steps
}

stage barely = learned with { budget = 1 step }

eval scores = evaluate(learned.last, data = labelled.test, metrics = [accuracy, macro_f1])
eval before = evaluate(barely.last, data = labelled.test, metrics = [accuracy])
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    texts = [f"{word} {number}" for number in range(60) for word in ("good", "bad")]
    lines = ["text,label", *(f"{text},{'yes' if 'good' in text else 'no'}" for text in texts)]
    (root / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (root / "small.llx").write_text(EXPERIMENT, encoding="utf-8")
    for lr in (1e-2, 1e-5):
        result = llx.run(root / "small.llx", lr=lr)
        assert result.ok, str(result)
    return root


def diff(project: Path, *words: str, language: str = "en") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"LLX_LANG": language}
    return subprocess.run(
        [*COMMAND, "diff", *words], cwd=project, env=environment, capture_output=True, text=True, check=False
    )


def runs(project: Path) -> list[str]:
    folders = [path for path in (project / ".llx" / "runs").iterdir() if path.is_dir()]
    return [path.name for path in sorted(folders, key=lambda path: (path / "events.jsonl").stat().st_mtime_ns)]


def test_two_runs_are_compared(project: Path) -> None:
    first, second = runs(project)
    found = diff(project, first, second, "--json")
    assert found.returncode == 0, found.stderr
    data = json.loads(found.stdout)
    paths = {(one["tasks"][0], one["path"]): one for one in data["values"]}
    assert ("learned", "optimizer.lr") in paths
    one = paths["learned", "optimizer.lr"]
    assert (one["first"]["shown"], one["second"]["shown"]) == ("0.01", "1e-05")
    assert one["first"]["place"]["line"] == 24
    assert one["first"]["origin"] == "param"
    (scores,) = [pair for pair in data["evals"] if pair["first"] == "scores"]
    accuracy = scores["metrics"][0]
    assert accuracy["paired"]
    assert accuracy["difference"] == pytest.approx(accuracy["second"]["value"] - accuracy["first"]["value"])
    assert accuracy["interval"][0] <= accuracy["difference"] <= accuracy["interval"][1]
    assert accuracy["verdict"] == "worse"
    assert accuracy["p"] < 0.05
    # `by` keeps equal texts together, which are no two here: each record is a unit of its own.
    assert accuracy["units"] > 20
    page = diff(project, first, second)
    assert "optimizer.lr" in page.stdout
    assert "B is worse" in page.stdout
    assert "B のほうが悪い" in diff(project, first, second, language="ja").stdout


def test_two_evals_of_one_run_are_compared(project: Path) -> None:
    first = runs(project)[0]
    data = json.loads(diff(project, f"{first}:scores", f"{first}:before", "--json").stdout)
    changed = {(tuple(one["tasks"]), one["path"]) for one in data["values"]}
    assert (("learned", "barely"), "budget") in changed
    assert not any(path.startswith("optimizer") for _, path in changed)
    (pair,) = data["evals"]
    names = {metric["name"]: metric["verdict"] for metric in pair["metrics"]}
    assert names["accuracy"] == "worse"
    assert names["macro_f1"] == "incomparable"


def test_a_run_does_not_differ_from_itself(project: Path) -> None:
    first = runs(project)[0]
    found = diff(project, first, first)
    assert found.returncode == 0
    assert "All values are the same." in found.stdout
    assert "no more than noise" in found.stdout


def test_what_is_not_there_is_said(project: Path) -> None:
    first = runs(project)[0]
    assert diff(project, first, "nothing").returncode == 1
    unknown = diff(project, f"{first}:nothing", first)
    assert unknown.returncode == 2
    assert "scores" in unknown.stderr


def test_an_outcome_comes_back(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"rows")
    records = [{"record": 0, "label": 1, "prediction": 0, "scores": [0.75, 0.25], "text": "<あ>"}]
    by_row = {"loss": np.array([1.5]), "record": np.array([0])}
    outcome = Outcome({"loss": 1.5}, records, {1: 2}, {"labels": ["a", "b"]}, by_row, ["a speech"])
    write_outcome(tmp_path, outcome, [Accuracy()], tmp_path / "data")
    again = read_outcome(tmp_path)
    assert again.outcome.records == records
    assert again.outcome.by_row["loss"].tolist() == [1.5]
    assert (again.outcome.sums, again.outcome.targets, again.outcome.groups) == ({"loss": 1.5}, {1: 2}, [0])
    assert again.metrics[0]["name"] == "llx:accuracy"


def side(folder: Path, metric: Metric, outcome: Outcome, data: bytes) -> Side:
    folder.mkdir(parents=True)
    (folder / "data").write_bytes(data)
    write_outcome(folder, outcome, [metric], folder / "data")
    value = metric.compute(outcome)
    facts: dict[str, Any] = {
        "metrics": {metric.name: value},
        "better": {metric.name: "higher" if metric.higher_is_better else "lower"},
        "intervals": {metric.name: [value - 0.01, value + 0.01]},
    }
    return Side(facts, read_outcome(folder))


def judged(right: int) -> Outcome:
    return Outcome(records=[{"record": n, "label": 1, "prediction": int(n < right)} for n in range(20)])


def test_other_data_is_compared_by_intervals_alone(tmp_path: Path) -> None:
    first = side(tmp_path / "a", Accuracy(), judged(10), b"one")
    (one,) = compared(first, side(tmp_path / "b", Accuracy(), judged(18), b"other"), Registry())
    assert one.difference is None
    assert one.reason is not None
    assert (one.word, one.reason.key) == ("better", "diff.other_data")
    (near,) = compared(first, side(tmp_path / "c", Accuracy(), judged(10), b"other"), Registry())
    assert near.word == "unclear"


def test_losses_of_other_tokens_are_not_compared(tmp_path: Path) -> None:
    def lost(count: list[float]) -> Outcome:
        by_row = {"loss": np.array([4.0, 5.0]), "count": np.array(count)}
        return Outcome({"loss": 9.0, "count": sum(count), "rows": 2.0}, by_row=by_row)

    sides = [side(tmp_path / str(n), Perplexity(), lost(c), b"one") for n, c in enumerate(([3.0, 3.0], [4.0, 4.0]))]
    (one,) = compared(*sides, Registry())
    assert one.reason is not None
    assert (one.word, one.reason.key) == ("incomparable", "diff.tokens")


def test_evals_are_paired_by_their_labels() -> None:
    assert pairs_of(["a", "b"], ["b", "c"]) == [("b", "b")]
    assert pairs_of(["a"], ["b"]) == [("a", "b")]


def test_means_over_seeds_are_compared() -> None:
    def swept(*values: float) -> dict[str, Any]:
        mean = sum(values) / len(values)
        row = {"params": {"lr": 0.1}, "trials": list(range(len(values))), "values": list(values), "mean": mean}
        rows = [{**row, "deviation": 0.01, "failed": 0}]
        trials = [{"params": {"lr": 0.1}} for _ in values]
        return {"sweep": {"objective": "loss", "better": "lower", "best": 0, "rows": rows, "trials": trials}}

    (one,) = means("search", swept(3.0, 3.1, 3.2, 3.05), swept(2.0, 2.1, 2.2, 2.05))
    assert one.p == pytest.approx(2 / 70)
    assert one.word == "better"
    # Three against three can't show it.
    (few,) = means("search", swept(3.0, 3.1, 3.2), swept(2.0, 2.1, 2.2))
    assert (few.p, few.word) == (pytest.approx(0.1), "noise")


def test_a_permutation_test_agrees_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    draw = np.random.default_rng(3)
    for size in (4, 12):
        first, second = draw.normal(0, 1, size).tolist(), draw.normal(0.8, 1, size).tolist()
        theirs = stats.permutation_test(
            (first, second), lambda a, b, axis: a.mean(axis) - b.mean(axis), vectorized=True
        )
        assert chance_of_means(first, second) == pytest.approx(theirs.pvalue, abs=0.02)
