"""What an editor finds after an edit is what a fresh check of the text finds."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from llx.dsl.check import check
from llx.dsl.lsp.documents import Documents
from llx.dsl.source import Source
from llx.plugins.registry import Registry

from .conftest import ROOT

EXAMPLE = ROOT / "examples" / "quickstart.llx"
VALUES = ["0", "7", "10%", "3 steps", '"text"', "corpus", "none", "[1, 2]", "{", '"', "rope", "adamw", "data x = 1"]


@pytest.mark.parametrize("seed", range(4))
def test_any_edits(seed: int) -> None:
    chance = random.Random(seed)
    documents = Documents(Registry)
    text = EXAMPLE.read_text(encoding="utf-8")
    before = [text]
    found = set()
    for version in range(12):
        document = documents.set(EXAMPLE.as_uri(), text, version, "utf-16")
        analysis = documents.analyse(document, document.source)
        fresh = check(document.source, Registry(), root=EXAMPLE.parent)
        assert (analysis.tree, analysis.diagnostics) == (fresh.tree, fresh.diagnostics), text
        found |= {one.code for one in fresh.diagnostics}
        words = [n for n in range(1, len(text)) if text[n - 1] == " " and text[n].isalnum()]
        start = chance.choice(words)
        end = next((n for n in range(start, len(text)) if not text[n].isalnum()), len(text))
        edited = text[:start] + chance.choice(VALUES) + text[end:]
        text = chance.choice([edited, edited, edited, chance.choice(before)])
        before.append(text)
    documents.stop()
    assert found, "some edit makes a mistake"


def test_a_file_of_data_that_changes_is_looked_at_again(tmp_path: Path) -> None:
    data = tmp_path / "rows.csv"
    source = Source("e.llx", 'experiment e { seed = 1 }\ndata rows = csv("rows.csv")\n', tmp_path / "e.llx")
    codes = []
    for content in ("text\nfine\n", "other\nfine\n", "text\nfine\n", ""):
        data.write_text(content)
        codes.append([one.code for one in check(source, Registry(), root=tmp_path).diagnostics if one.is_error])
    assert codes == [[], ["L0620"], [], ["L0617"]]
