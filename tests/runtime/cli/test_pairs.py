"""Pairs of texts learned by a decoder, from file to texts: batches of so many tokens, metrics, beams, `generate`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Project

WORDS = ["sun", "moon", "river", "a", "wind over the sea"]
PAIRS = """experiment turned { device = cpu }
data pairs = jsonl("pairs.jsonl", text = none, columns = { source = "source", target = "target" })
tokenizer letters = characters(pairs, column = ["source", "target"])
model small = decoder { layers = 2, hidden_size = 64, heads = 2, context_length = 64, positions = rope }
stage learn = train {
  model = small, tokenizer = letters, data = pairs, objective = sequence_to_sequence
  optimizer = adamw { lr = 5e-3 }, batch = 40 tokens, budget = 60 steps
}
eval scores = evaluate(learn.last, data = pairs, metrics = [chrf])
expect by_heart = scores.chrf > 90
"""


def test_a_decoder_learns_to_turn_texts_round(project: Project) -> None:
    pytest.importorskip("sacrebleu")
    lines = [json.dumps({"source": word, "target": word[::-1]}) for word in WORDS]
    (project.root / "pairs.jsonl").write_text("\n".join(lines), encoding="utf-8")
    project.write(PAIRS, "pairs.llx")
    code, out, err = project.llx("run", "pairs.llx")
    assert code == 0, err
    assert "of what is read is padding" in out + err
    code, out, _ = project.llx("generate", "pairs.llx", "learn", "river", "--decoding", "beam { width = 3 }", "--json")
    assert code == 0
    assert json.loads(out)["text"] == "revir"
    assert json.loads(out)["ended"] == "end"
