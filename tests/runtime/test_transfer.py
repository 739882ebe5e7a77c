"""From one stage to the next in a file: more tokens, a frozen body, layers that join; and what the report says of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from llx.runtime import face
from llx.runtime.events import Event, Note
from tokenizers import Tokenizer

FILE = """
experiment case { seed = 1, device = cpu }

data books = text("books/*.txt") |> split(validation = 30%)
data notes = csv("notes.csv", label = "label") |> split(validation = 30%)
data words = text("words.txt")
tokenizer letters = characters(books.train)
tokenizer japanese = train_bpe(words, vocab_size = 300)
model small = decoder { layers = 2, hidden_size = 16, heads = 2, context_length = 32, tied_embeddings = TIED }

stage pretrain = train {
  model = small, tokenizer = letters, data = books, objective = causal_lm, batch = 8 examples, budget = 10 steps
}
weights wider = extend(pretrain.best, tokenizer = japanese)
weights marked = extend(wider, tokens = ["<night>"])
stage onward = finetune { from = marked, data = books, objective = prefix_lm, batch = 8 examples, budget = 5 steps }
stage probe = finetune { from = onward.last, data = notes, objective = classification, freeze = body, budget = 3 epochs }
stage tuned = finetune {
  from = probe.best
  data = notes
  objective = classification
  optimizer = adamw { layer_decay = 0.8 }
  unfreeze = 1 epochs
  budget = 3 epochs
}
eval scores = evaluate(tuned.best, data = notes.validation, metrics = [accuracy])
"""


@pytest.mark.parametrize("tied", [True, False])
def test_a_chain_of_stages_keeps_what_it_can_and_says_what_it_did(tmp_path: Path, tied: bool) -> None:
    (tmp_path / "books").mkdir()
    for number in range(12):
        (tmp_path / "books" / f"{number}.txt").write_text(f"It was dark and stormy, night {number}. " * 9)
    (tmp_path / "words.txt").write_text("吾輩は猫である。名前はまだ無い。\n" * 9)
    rows = [f"dark night {n},bad\nfair day {n},good\n" for n in range(30)]
    (tmp_path / "notes.csv").write_text("text,label\n" + "".join(rows))
    (tmp_path / "case.llx").write_text(FILE.replace("TIED", str(tied).lower()))
    events: list[Event] = []
    result = face.run(tmp_path / "case.llx", listeners=lambda folder: [events.append])
    assert result.ok, result.diagnostics

    added = result["wider"].facts["added"]
    assert added > 2
    assert result["marked"].facts["vocab_size"] == result["letters"].facts["vocab_size"] + added + 1
    tokenizer = Tokenizer.from_file(str(result["onward"].path / "best" / "tokenizer.json"))
    [night] = tokenizer.encode("<night>", add_special_tokens=False).ids
    assert night == result["marked"].facts["vocab_size"] - 1
    assert len(tokenizer.encode("吾輩は猫である。", add_special_tokens=False).ids) < 8

    assert result["onward"].facts["head"] == ("none" if tied else "loaded")
    assert result["probe"].facts["head"] == "fresh"
    assert result["probe"].facts["trained_parameters"] == 2 * 16
    assert result["probe"].facts["weights"]["left"] == ([] if tied else ["head.weight"])
    assert result["tuned"].facts["head"] == "loaded"
    told = [(note.text.key, dict(note.text.values)) for note in events if isinstance(note, Note)]
    assert ("training.weights.fresh", {"count": 1, "names": ["head.linear.weight"]}) in told
    assert [values["depth"] for key, values in told if key == "training.thawed"] == [2, 1]
    assert {"extend.added", "training.head.loaded"} <= {key for key, _ in told}
