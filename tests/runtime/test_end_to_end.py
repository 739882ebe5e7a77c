"""From a file to a trained model, as a user does it: real text, the command line, kills at any moment."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
COMMAND = [sys.executable, "-c", "from llx.runtime.cli.main import main; main()"]

EXPERIMENT = """
experiment small {
  seed = 3
}

data novel = text("botchan.txt", separator = "\\n\\n\\n") |> split(validation = 10%)

tokenizer letters = characters(novel.train)

model gpt = decoder {
  layers         = 2
  hidden_size    = 32
  heads          = 2
  context_length = 32
  dropout        = 10%
}

stage pretrain = train {
  model     = gpt
  tokenizer = letters
  data      = novel
  objective = causal_lm
  optimizer = adamw { lr = 1e-2 }
  batch     = 16 examples
  budget    = 120 steps
  validate  = 40 steps
  save      = 5 steps
}

data labelled = csv("labels.csv", label = "label") |> split(validation = 20%, test = 20%)

stage classify = finetune {
  from      = pretrain.best
  data      = labelled
  objective = classification
  optimizer = adamw { lr = 1e-3 }
  budget    = 2 epochs
  select    = accuracy
  patience  = 2
}

eval scores = evaluate(classify.best, data = labelled.test, metrics = [accuracy, macro_f1])
eval held   = evaluate(pretrain.best, data = novel.validation, metrics = [perplexity, bits_per_byte])
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a project on a part of a real novel; what is labelled is whether a passage has speech in it."""
    text = (ROOT / "examples" / "data" / "books" / "botchan.en.txt").read_text(encoding="utf-8")[:60_000]
    (tmp_path / "botchan.txt").write_text(text, encoding="utf-8")
    passages = [passage for passage in text.split("\n\n") if len(passage) > 80]
    lines = ["text,label"]
    for passage in passages:
        quoted = passage.replace('"', '""').replace("\n", " ")
        lines.append(f'"{quoted}",{"speech" if chr(34) in passage else "telling"}')
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "small.llx").write_text(EXPERIMENT, encoding="utf-8")
    return tmp_path


def llx(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], cwd=project, capture_output=True, text=True, timeout=240)


def weights(project: Path) -> dict[str, str]:
    """Give the digests of all trained weights by the label of their stage."""
    found = {}
    for manifest in (project / ".llx" / "artifacts").rglob("manifest.json"):
        about = json.loads(manifest.read_text(encoding="utf-8"))
        if about["kind"] == "stage":
            for name in ("best", "last"):
                file = manifest.parent / name / "model.safetensors"
                found[f"{about['label']}.{name}"] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


def test_killed_runs_go_on_to_the_same_bits(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("killed")
    for file in project.iterdir():
        shutil.copy(file, other / file.name)

    started = time.monotonic()
    whole = llx(project, "run", "small.llx")
    seconds = time.monotonic() - started
    assert whole.returncode == 0, whole.stdout + whole.stderr

    chance = random.Random(5)
    kills = 0
    for _ in range(12):
        process = subprocess.Popen(
            [*COMMAND, "run", "small.llx"], cwd=other, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(timeout=seconds * chance.uniform(0.3, 0.6))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            kills += 1
        if process.wait() == 0:
            break
    assert kills >= 2
    last = llx(other, "run", "small.llx")
    assert last.returncode == 0, last.stdout + last.stderr

    assert weights(project) == weights(other)
    assert set(weights(project)) == {"pretrain.best", "pretrain.last", "classify.best", "classify.last"}


def test_an_interrupted_run_saves_and_goes_on(project: Path) -> None:
    process = subprocess.Popen([*COMMAND, "run", "small.llx"], cwd=project, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list((project / ".llx").glob("partial/*/kept/**/step-*")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130, out
    again = llx(project, "run", "small.llx")
    assert again.returncode == 0, again.stdout + again.stderr


def test_what_changes_is_what_runs_again(project: Path) -> None:
    first = llx(project, "run", "small.llx")
    assert first.returncode == 0, first.stdout + first.stderr
    file = project / "small.llx"
    text = file.read_text(encoding="utf-8")

    def to_run() -> set[str]:
        plan = llx(project, "plan", "small.llx", "--json")
        assert plan.returncode == 0, plan.stdout + plan.stderr
        return {task["label"] for task in json.loads(plan.stdout)["tasks"] if not task["stored"]}

    assert to_run() == set()
    file.write_text(
        "# a comment\n" + text.replace("gpt", "小型").replace("layers         =", "layers ="), encoding="utf-8"
    )
    assert to_run() == set()
    file.write_text(text.replace("lr = 1e-3", "lr = 2e-3"), encoding="utf-8")
    assert to_run() == {"classify", "scores"}
    file.write_text(text, encoding="utf-8")
    labels = project / "labels.csv"
    labels.write_text(labels.read_text(encoding="utf-8") + "one more,telling\n", encoding="utf-8")
    again = to_run()
    assert {"labelled", "classify", "scores"} <= again
    assert not {"pretrain", "novel", "letters", "held"} & again


def test_results_are_real(project: Path) -> None:
    import llx as package

    file = project / "small.llx"
    text = file.read_text(encoding="utf-8").replace("120 steps", "800 steps").replace("40 steps", "250 steps")
    file.write_text(text, encoding="utf-8")
    result = package.run(file)
    assert result.ok, result.diagnostics
    held = result["held"]
    # The model has two layers and a minute's worth of text, and still does better than counting letters.
    assert held.metrics["perplexity"] < 0.9 * held.facts["references"]["perplexity"]
    assert held.metrics["bits_per_byte"] < 0.9 * held.facts["references"]["bits_per_byte"]
