"""Editors and sweeps: the params of `over` are names of the file, and the best trial has those names too."""

from __future__ import annotations

from pathlib import Path

from llx.dsl.lsp.analysis import Analysis, analyse
from llx.dsl.lsp.candidates import members
from llx.dsl.lsp.names import name_at, rename, uses
from llx.dsl.source import Source

from ..fake import FakeCatalogue

TEXT = """param lr = 1e-3
data d = text("story.txt")
tokenizer t = train_bpe(d, vocab_size = 256)
model m = decoder { layers = 1 }
stage pretrain = train { model = m, tokenizer = t, data = d, optimizer = adamw { lr = lr } }
sweep search = grid { over = { lr = [1e-3, lr / 2] }, minimise = pretrain.loss }
stage long = search.best.pretrain with { batch = 16 examples }
"""


def analysed(text: str, folder: Path) -> Analysis:
    (folder / "story.txt").write_text("once", encoding="utf-8")
    return analyse(Source("a.llx", text, folder / "a.llx"), FakeCatalogue(), folder)


def test_the_key_of_a_param_that_varies_is_its_name(tmp_path: Path) -> None:
    analysis = analysed(TEXT, tmp_path)
    binding = name_at(analysis, TEXT.index("lr"))
    assert binding is not None
    assert [span.line for span in uses(analysis, binding)] == [5, 6, 6]
    edits = rename(analysis, TEXT.index("lr"), "rate", lambda source: analyse(source, FakeCatalogue(), tmp_path))
    assert sorted(span.line for span, _ in edits) == [1, 5, 6, 6]


def test_what_stands_behind_the_best_trial(tmp_path: Path) -> None:
    analysis = analysed(TEXT, tmp_path)
    assert list(members(("search",), analysis)) == ["table", "best"]
    assert {"pretrain", "m"} <= members(("search", "best"), analysis).keys()
    assert list(members(("search", "best", "pretrain"), analysis)) == ["best", "last", "loss"]
