"""The cursor model: what is wanted at a place, in files as broken as they are while one types."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from llx.dsl.lsp.analysis import Analysis, analyse
from llx.dsl.lsp.cursor import Cursor, Sort, cursor_at
from llx.dsl.source import Source

from ..fake import FakeCatalogue


def check(source: Source) -> Analysis:
    return analyse(source, FakeCatalogue(), Path("/nowhere"))


def cursor(text: str) -> Cursor:
    """Give the model at `¦`."""
    return cursor_at(Source("test.llx", text.replace("¦", "")), text.index("¦"), check)


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("¦", Sort.STATEMENT),
        ("let a = 1\n¦", Sort.STATEMENT),
        ("let a = 1\nmod¦", Sort.STATEMENT),
        ("let ¦", Sort.NAME),
        ("param a: ¦", Sort.TYPE),
        ("let a = ¦", Sort.VALUE),
        ("let a =\n  ¦", Sort.VALUE),
        ("let a = 1 + ¦", Sort.VALUE),
        ("let a = [1, ¦", Sort.VALUE),
        ("let a = (¦)", Sort.VALUE),
        ("let a = if ¦", Sort.VALUE),
        ("let a = 1 ¦", Sort.UNIT),
        ("let a = 12¦", Sort.NOTHING),
        ("let a = b ¦", Sort.AFTER),
        ("let a = b.¦", Sort.MEMBER),
        ('let a = "¦"', Sort.STRING),
        ('let a = "${¦}"', Sort.HOLE),
        ('let a = "${b.¦', Sort.HOLE),
        ("let a = 1 # ¦", Sort.NOTHING),
        ("model a = decoder { ¦ }", Sort.FIELD),
        ("model a = decoder { layers = 2, ¦ }", Sort.FIELD),
        ("model a = decoder {\n  layers = 2\n  ¦", Sort.FIELD),
        ("data a = text(¦", Sort.ARGUMENT),
        ("data a = text(b, ¦", Sort.ARGUMENT),
        ("data a = text(files = ¦", Sort.VALUE),
        ("data a = b |> ¦", Sort.PIPED),
        ("use ¦", Sort.NOTHING),
        ("use llx-x >= ¦", Sort.NOTHING),
    ],
)
def test_what_may_stand_here(text: str, sort: Sort) -> None:
    assert cursor(text).sort is sort


@pytest.mark.parametrize(
    ("text", "component", "given"),
    [
        ("model a = decoder { layers = 2, ¦ }", "decoder", {"layers"}),
        ("model a = decoder {\n  ¦\n  layers = 2\n}", "decoder", {"layers"}),
        ("model a = decoder {\n  layers = \n  heads = 2\n  ¦", "decoder", {"layers", "heads"}),
        ("stage a = train { optimizer = adamw { ¦ }", "adamw", set()),
        ("stage a = train {\n  optimizer = adamw { lr = 1 }\n  ¦\n}", "train", {"optimizer"}),
        ("data a = split(b, ¦)", "split", {"data"}),
        ("data a = b |> split(¦)", "split", {"data"}),
        ("experiment e { ¦ }", "experiment", set()),
        ("optimizer o = adamw\noptimizer p = o with { ¦ }", "adamw", set()),
        ("stage a = train { }\nstage b = a with { optimizer.¦ }", "adamw", set()),
        ("data a = mix { sources = { ¦ } }", None, set()),
        ("use llx-extra\noptimizer o = extra.lion { ¦", "extra.lion", set()),
    ],
)
def test_whose_fields_may_stand_here(text: str, component: str | None, given: set[str]) -> None:
    found = cursor(text).within
    assert (found.component.name if found.component else None) == component
    assert found.given == given


def test_nothing_fails_wherever_a_file_is_cut() -> None:
    text = (Path(__file__).resolve().parents[3] / "examples" / "quickstart.llx").read_text(encoding="utf-8")
    chosen = random.Random(7)
    for _ in range(60):
        start = chosen.randrange(len(text))
        cut = text[: chosen.randrange(start, len(text))]
        offset = chosen.randrange(len(cut) + 1)
        found = cursor_at(Source("test.llx", cut), offset, check)
        assert found.start <= offset <= found.end
