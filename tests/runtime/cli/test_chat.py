"""A file with conversations from check to answers: `llx check`, `run`, `generate`, `--chat`, `prove`."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Project

CHAT = """experiment talk { device = cpu }
data talks = jsonl("talks.jsonl", text = none, messages = "messages") |> split(validation = 20%, by = "messages")
tokenizer letters = train_bpe(talks.train, column = "messages", vocab_size = 300, chat = true)
model small = decoder { layers = 1, hidden_size = 32, heads = 2, context_length = 64 }
stage talk = train {
  model = small, tokenizer = letters, data = talks, objective = instruction, batch = 8 examples
  optimizer = adamw { lr = 1e-2 }, budget = 60 steps
}
eval scores = evaluate(talk.best, data = talks.validation, metrics = [perplexity])
"""
GREEDY = ("--decoding", "greedy { max_tokens = 12 }")


def a_talk(number: int) -> str:
    said = [{"role": "user", "content": f"say {number % 7}"}, {"role": "assistant", "content": "yes"}]
    return json.dumps({"messages": said, "id": number})


@pytest.fixture
def talking(project: Project) -> Project:
    (project.root / "talks.jsonl").write_text("\n".join(map(a_talk, range(80))), encoding="utf-8")
    project.write(CHAT, "talk.llx")
    return project


def test_a_model_learns_to_answer_and_to_stop(talking: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = talking.llx("run", "talk.llx")
    assert code == 0, err
    code, out, err = talking.llx("generate", "talk.llx", "talk", "say 3", *GREEDY, "--json")
    assert code == 0, err
    assert json.loads(out)["text"] == "yes"
    assert json.loads(out)["ended"] == "end"
    code, out, _ = talking.llx("generate", "talk.llx", "talk", "say 3", *GREEDY)
    assert out == "say 3\n→ yes\n"
    said = json.dumps([{"role": "user", "content": "say 3"}, {"role": "assistant", "content": "yes"}, {"role": "user", "content": "say 4"}])  # fmt: skip
    one, turns = (
        talking.llx("generate", "talk.llx", "talk", *prompts, *GREEDY, "--json")[1].splitlines()[-1]
        for prompts in ([said], ["--chat", "say 3", "say 4"])
    )
    assert json.loads(one)["text"] == json.loads(turns)["text"]
    monkeypatch.setattr("sys.stdin", io.StringIO("say 1\nsay 2\n"))
    code, out, _ = talking.llx("generate", "talk.llx", "talk", "--chat", *GREEDY)
    assert code == 0
    assert out.count("→") == 2
    code, _, err = talking.llx("generate", "talk.llx", "talk", json.dumps([{"role": "assistant", "content": "a"}]))
    assert code == 1
    assert "L0782" in err


def test_a_smoke_run_proves_it(talking: Project) -> None:
    code, out, err = talking.llx("prove", "talk.llx")
    assert code == 0, out + err


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"messages": [{"role": "user", "content": "a"}]}', "L0780"),
        ('{"messages": "hello"}', "L0781"),
        ('{"messages": [{"role": "robot", "content": "a"}]}', "L0782"),
        ('{"messages": [{"role": "user", "content": ""}]}', "L0783"),
    ],
)
def test_a_bad_line_is_named_before_anything_runs(talking: Project, line: str, code: str) -> None:
    lines = [*map(a_talk, range(20)), line, *map(a_talk, range(20, 40))]
    (talking.root / "talks.jsonl").write_text("\n".join(lines), encoding="utf-8")
    ended, _, err = talking.llx("check", "talk.llx")
    assert ended == 1
    assert code in err
    assert "`talks.jsonl`, line 21" in err
    talking.write(CHAT.replace('messages = "messages")', 'messages = "messages", bad_rows = skip)', 1), "talk.llx")
    assert talking.llx("check", "talk.llx")[0] == 0


def test_a_tokenizer_without_turns_and_data_without_conversations(talking: Project) -> None:
    talking.write(CHAT.replace(", chat = true", ""), "talk.llx")
    code, _, err = talking.llx("check", "talk.llx")
    assert code == 1
    assert "L0600" in err
    assert "chat = true" in err
    talking.write(CHAT.replace('text = none, messages = "messages"', ""), "talk.llx")
    code, _, err = talking.llx("check", "talk.llx")
    assert code == 1
    assert "L0620" in err
    assert 'messages = "messages"' in err
