"""Colours: each piece of a text is what it should be, and Pygments' lexer loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from llx.dsl.highlight import Sort, pieces
from llx.dsl.pygments_lexer import LlxLexer
from llx.dsl.source import Source
from pygments.token import Error

ROOT = Path(__file__).resolve().parents[2]
CASES = sorted((ROOT / "tests" / "dsl" / "cases").glob("*.llx"))
EXAMPLES = sorted((ROOT / "examples").glob("*.llx"))


def sorts(text: str) -> list[str]:
    """Give the pieces as `text:sort`, punctuation left out."""
    found = pieces(Source("test.llx", text))
    return [f"{text[one.start : one.end]}:{one.sort}" for one in found if one.sort is not Sort.PUNCTUATION]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("param width: int = 8Ki", "param:keyword width:definition int:type =:operator 8Ki:number"),
        ("let a = 3 h", "let:keyword a:definition =:operator 3:number h:unit"),
        ("use llx-focal >= 0.2 as f", "use:keyword llx-focal:distribution >=:operator 0.2:version as:keyword f:definition"),
        ("model 小 = decoder { heads = w }", "model:kind 小:definition =:operator decoder:component heads:key =:operator w:name"),
        ("stage b = a with { opt.lr = none }", "stage:kind b:definition =:operator a:name with:keyword opt:key lr:key =:operator none:literal"),
        ("data d = a.b |> f.g(k = max(1, x))", "data:kind d:definition =:operator a:name b:member |>:operator f:component g:component k:key =:operator max:function 1:number x:name"),
        ('let s = "a ${b.c} d"  ## doc', 'let:keyword s:definition =:operator "a :string ${b.c}:hole  d":string ## doc:doc'),
        ("let with = if a then b else c # x", "let:keyword with:definition =:operator if:keyword a:name then:keyword b:name else:keyword c:name # x:comment"),
    ],
)  # fmt: skip
def test_pieces(text: str, expected: str) -> None:
    assert " ".join(sorts(text)) == expected


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_hold_no_error(path: Path) -> None:
    tokens = list(LlxLexer().get_tokens(path.read_text(encoding="utf-8")))
    assert not [text for sort, text in tokens if sort in Error]


@pytest.mark.parametrize("path", [*EXAMPLES, *CASES], ids=lambda path: path.name)
def test_the_lexer_loses_nothing(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    lexer = LlxLexer(stripnl=False, ensurenl=False)
    assert "".join(piece for _, piece in lexer.get_tokens(text)) == text.replace("\r", "\n").removeprefix("\ufeff")


def test_pygments_knows_the_lexer_by_name() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, name = project["entry-points"]["pygments.lexers"]["llx"].partition(":")
    assert (module, name) == (LlxLexer.__module__, LlxLexer.__name__)
    assert "llx" in LlxLexer.aliases
