"""One mistake, one diagnostic: every token of a real file is left out in turn; and five are five."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from llx.dsl.check import check
from llx.dsl.diagnostics.plain import show
from llx.dsl.parser import parse
from llx.dsl.source import Source

from .fake import FakeCatalogue

CASES = Path(__file__).parent / "cases"
TEXT = """\
experiment reviews_from_scratch {
  seed   = 7
  device = auto
}

use llx-focal >= 0.2
param width: int = 256            ## hidden size of every model in this file
param lr = 6e-4

data novels = text("books/*.txt")
  |> clean(min_chars = 200)
  |> dedup(threshold = 80%)

data corpus = mix {
  sources = { novels = novels, wiki = corpora.wiki }
  weights = { novels = 3, wiki = 7 }
} |> split(validation = 1%)

stage pretrain = train {
  data      = corpus
  optimizer = adamw { lr = lr, weight_decay = 0.1 }
  schedule  = cosine { warmup = 200 steps }
  batch     = 32Ki tokens
  heads     = width / 64
  budget    = [5 epochs, 30 min]
}

stage slow = pretrain with { model = wide, optimizer.lr = lr / 2 }
eval scores = evaluate(slow.best, metrics = [accuracy, macro_f1])
expect useful = scores.accuracy > 70%
"""


def test_one_token_less_is_at_most_one_mistake() -> None:
    tree, diagnostics = parse(Source("test", TEXT))
    assert diagnostics == []
    statements = len(tree.statements)
    found: Counter[int] = Counter()
    for token in re.finditer(r'"[^"\n]*"|\w+|[^\w\s]|\n', TEXT):
        tree, diagnostics = parse(Source("test", TEXT[: token.start()] + TEXT[token.end() :]))
        found[len(diagnostics)] += 1
        assert len(diagnostics) <= 2, token
        assert len(tree.statements) >= statements - 2, token
    assert found[2] <= 0.03 * found.total(), found


def test_one_line_less_loses_no_other() -> None:
    lines = TEXT.splitlines(keepends=True)
    for n, line in enumerate(lines):
        tree, diagnostics = parse(Source("test", "".join(lines[:n] + lines[n + 1 :])))
        assert len(diagnostics) <= 1, line
        assert len(tree.statements) >= 9, line


PIECES = [
    *"{}[]()=,.:+-*/<>|#$\\\"\n\t;'%",
    '"""',
    "|>",
    "##",
    "${",
    "if ",
    "not ",
    "３",
    "　",
    "“",
    "\u200b",
    "\u202e",
    "\r",
    "\0",
]


def test_any_damage_gets_an_answer() -> None:
    random = Random(7)
    for _ in range(400):
        text = TEXT
        for _ in range(random.choice([1, 2, 6])):
            start = random.randrange(len(text))
            end = min(len(text), start + random.choice([0, 0, 1, 5, 20]))
            text = text[:start] + random.choice(["", *PIECES, TEXT[start:end]]) + text[end:]
        tree, diagnostics = parse(Source("test", text))
        for diagnostic in diagnostics:
            for place in (diagnostic, *diagnostic.labels, *diagnostic.fixes):
                assert place.span is not None
                assert 0 <= place.span.start <= place.span.end <= len(text)
        assert show(diagnostics, "ja").count("\n") >= len(diagnostics)
        assert all(statement.span.end <= len(text) for statement in tree.statements)


@pytest.mark.parametrize("path", sorted((CASES / "meaning").glob("five_*.llx")), ids=lambda path: path.stem)
def test_five_mistakes_make_five_diagnostics(path: Path) -> None:
    """Which ones, and where, is in the files; here it is counted."""
    text = path.read_text(encoding="utf-8")
    result = check(Source(path.name, text.partition("\n#!")[0]), FakeCatalogue(), root=path.parent)
    assert len({(d.span.line, d.code) for d in result.diagnostics if d.span}) == len(result.diagnostics) == 5
