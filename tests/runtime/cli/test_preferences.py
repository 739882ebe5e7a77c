"""Preferences and teachers from check to metrics: the hidden task of the reference, `prove`, a kill, two processes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from llx.dsl.check import check_file
from llx.plugins.registry import Registry

if TYPE_CHECKING:
    from .conftest import Project

FILE = """experiment prefer { device = cpu }
param beta = 0.5
data talks = jsonl("talks.jsonl", text = none, messages = "messages")
data pairs = csv("pairs.csv", text = none, columns = { prompt = "prompt", chosen = "chosen", rejected = "rejected" })
  |> split(validation = 20%, test = 20%, by = "prompt")
tokenizer letters = train_bpe(talks, column = "messages", vocab_size = 300, chat = true)
model small = decoder { layers = 1, hidden_size = 32, heads = 2, context_length = 48, positions = learned }
stage talk = train {
  model = small, tokenizer = letters, data = talks, objective = instruction, batch = 8 examples, budget = 20 steps
}
stage prefer = finetune {
  from = talk.best, data = pairs, objective = dpo { beta = beta }, batch = 8 examples
  optimizer = adamw { lr = 3e-3 }, budget = 40 steps, select = reward_accuracy
}
eval held = evaluate(prefer.best, data = pairs.test, metrics = [reward_accuracy, reward_margin])
eval before = evaluate(talk.best, data = talks, metrics = [perplexity])
expect learned = held.reward_accuracy > 90%
"""
TAUGHT = """experiment taught { device = cpu }
data rows = csv("rows.csv", label = "label") |> split(validation = 20%)
tokenizer letters = characters(rows.train)
model big = decoder { layers = 2, hidden_size = 64, heads = 2, context_length = 32 }
model small = decoder { layers = 1, hidden_size = 32, heads = 2, context_length = 32 }
stage teach = train { model = big, tokenizer = letters, data = rows, objective = causal_lm, batch = 8 examples, budget = 40 steps }
stage learn = train {
  model = small, tokenizer = letters, data = rows, batch = 8 examples, budget = 40 steps
  objective = distil { teacher = teach.best, alpha = 80% }
}
stage alone = train { model = small, tokenizer = letters, data = rows, objective = causal_lm, batch = 8 examples, budget = 40 steps }
stage judge = train {
  model = big, tokenizer = letters, data = rows, objective = classification, batch = 8 examples, budget = 20 steps
}
stage pupil = train {
  model = small, tokenizer = letters, data = rows, batch = 8 examples, budget = 20 steps
  objective = distil { teacher = judge.best, objective = classification }
}
eval scores = evaluate(learn.best, data = rows.validation, metrics = [perplexity])
eval marks = evaluate(pupil.best, data = rows.validation, metrics = [accuracy])
"""


@pytest.fixture
def preferring(project: Project) -> Project:
    talks = [[{"role": "user", "content": f"say {n % 5}"}, {"role": "assistant", "content": ("yes", "no")[n % 2]}] for n in range(60)]  # fmt: skip
    (project.root / "talks.jsonl").write_text("\n".join(json.dumps({"messages": talk}) for talk in talks))
    pairs = [f"say {n},yes,no" for n in range(60)]
    (project.root / "pairs.csv").write_text("\n".join(["prompt,chosen,rejected", *pairs]))
    project.write(FILE, "prefer.llx")
    return project


@pytest.fixture
def taught(project: Project) -> Project:
    rows = [f"{'good' if i % 2 else 'bad'} word {i},{'yes' if i % 2 else 'no'}" for i in range(60)]
    (project.root / "rows.csv").write_text("\n".join(["text,label", *rows]))
    project.write(TAUGHT, "taught.llx")
    return project


def planned(project: Project, *args: str) -> dict[str, dict[str, Any]]:
    code, out, err = project.llx("plan", *args, "--json")
    assert code == 0, err
    return {task["label"]: task for task in json.loads(out)["tasks"]}


def test_preferences_are_learned_and_the_reference_is_scored_once(preferring: Project) -> None:
    before = planned(preferring, "prefer.llx")
    assert any("scores" in label for label in before)
    code, out, err = preferring.llx("run", "prefer.llx")
    assert code == 0, out + err
    # Another beta compares with the same numbers; what is encoded and scored is there already.
    after = planned(preferring, "prefer.llx", "beta=0.2")
    again = {label for label, task in after.items() if not task["stored"]}
    assert "prefer" in again
    assert not any("scores" in label or "tokens" in label for label in again)


def test_the_plan_knows_the_teacher_and_its_checkpoint_needs_none(taught: Project) -> None:
    program = check_file(taught.root / "taught.llx", Registry()).program
    assert program is not None
    facts = {"vocab_size": 100, "roles": {}}
    with_teacher, without = (
        program.declarations[name].value.estimate(lambda task: facts) for name in ("learn", "alone")
    )
    big = program.declarations["big"].value
    assert with_teacher.memory - without.memory == 4 * big.parameters(100)
    assert with_teacher.flops - without.flops == big.flops_per_token(100, 32) * without.tokens
    assert with_teacher.parameters == without.parameters
    code, out, err = taught.llx("run", "taught.llx")
    assert code == 0, out + err
    code, out, err = taught.llx("generate", "taught.llx", "learn", "good", "--decoding", "greedy { max_tokens = 4 }")
    assert code == 0, err
    assert out.startswith("good")
    assert taught.llx("predict", "taught.llx", "pupil", "good word 7")[0] == 0


@pytest.mark.parametrize("name", ["prefer", "taught"])
def test_what_training_relies_on_is_proved(name: str, request: pytest.FixtureRequest) -> None:
    project: Project = request.getfixturevalue({"prefer": "preferring", "taught": "taught"}[name])
    code, out, err = project.llx("prove", f"{name}.llx")
    assert code == 0, out + err


@pytest.mark.slow
@pytest.mark.parametrize("name", ["prefer", "taught"])
def test_they_go_on_after_a_kill_and_train_in_two_processes(name: str, request: pytest.FixtureRequest) -> None:
    project: Project = request.getfixturevalue({"prefer": "preferring", "taught": "taught"}[name])
    code, out, err = project.llx("prove", f"{name}.llx", "--resume")
    assert code == 0, out + err
    for strategy in ("ddp", "fsdp"):
        backend = f"torchrun {{ processes = 2, strategy = {strategy} }}"
        text = (project.root / f"{name}.llx").read_text().replace("device = cpu", f"device = cpu, backend = {backend}")
        (project.root / f"{name}-{strategy}.llx").write_text(text)
        code, out, err = project.llx("run", f"{name}-{strategy}.llx", "--store", str(project.root / strategy))
        assert code == 0, out + err
