"""One mistake, one diagnostic: every token of a real file is left out in turn."""

from __future__ import annotations

import re
from collections import Counter

from llx.dsl.parser import parse
from llx.dsl.source import Source

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
