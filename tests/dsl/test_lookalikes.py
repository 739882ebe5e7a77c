"""Every look-alike in code gets a certain fix, and after the fixes the file says what was meant."""

from __future__ import annotations

import pytest
from llx.dsl.characters import LOOKALIKES
from llx.dsl.parser import parse
from llx.dsl.source import Source

from .printing import without_spans

PLAIN = {
    " ": "let a = b",
    '"': 'let a = "b"',
    "#": "let a = b # c",
    "%": "let a = 1%",
    "(": "let a = f(b)",
    ")": "let a = f(b)",
    "*": "let a = b * c",
    "+": "let a = b + c",
    ",": "let a = [b, c]",
    "-": "let a = b - c",
    ".": "let a = b.c",
    "/": "let a = b / c",
    ":": "param a: b = c",
    "<": "let a = b < c",
    "=": "let a = b",
    ">": "let a = b > c",
    "[": "let a = [b]",
    "]": "let a = [b]",
    "_": "let a = b_c",
    "{": "let a = { b = c }",
    "}": "let a = { b = c }",
    "!": "let a = b != c",
    "|": "let a = b |> c",
    "~": "use a ~= 1.0",
    "'": 'let a = "b"',
    "`": 'let a = "b"',
    ";": "let a = b\nlet c = d",
    "&": "let a = b and c",
}
"""A text with each sign. The last four have another meaning elsewhere, and none here."""
WRITTEN = {"'": "let a = 'b'", "`": "let a = `b`", ";": "let a = b;let c = d", "&": "let a = b && c"}
UNUSED = frozenset("$?@\\^")
"""Signs that the language doesn't have."""


def mended(text: str) -> str:
    """Apply the certain fixes of a text until there are none."""
    for _ in range(4):
        _, diagnostics = parse(Source("a.llx", text))
        fixes = [fix for diagnostic in diagnostics for fix in diagnostic.fixes if fix.certain]
        if not fixes:
            return text
        for fix in sorted(fixes, key=lambda fix: fix.span.start, reverse=True):
            text = text[: fix.span.start] + fix.replacement + text[fix.span.end :]
    raise AssertionError("there is no end of fixes")


@pytest.mark.parametrize("character", [c for c, meant in LOOKALIKES.items() if not meant.isalnum()])
def test_each_is_mended(character: str) -> None:
    meant = LOOKALIKES[character]
    if meant in UNUSED:
        _, diagnostics = parse(Source("a.llx", f"let a = b {character} c"))
        assert [(d.code, d.span.text) for d in diagnostics if d.span] == [("L0112", character)]
        return
    plain = PLAIN[meant]
    written = WRITTEN.get(meant, plain).replace(meant, character)
    tree, diagnostics = parse(Source("a.llx", written))
    assert {d.code for d in diagnostics} == {"L0117" if meant in WRITTEN else "L0110"}
    assert all(d.fixes and d.fixes[0].certain for d in diagnostics)
    expected, none = parse(Source("a.llx", plain))
    assert none == []
    after, none = parse(Source("a.llx", mended(written)))
    assert none == []
    assert without_spans(tree.statements) == without_spans(expected.statements) == without_spans(after.statements)


@pytest.mark.parametrize("character", sorted(LOOKALIKES))
def test_strings_and_comments_are_left_alone(character: str) -> None:
    assert parse(Source("a.llx", f'let a = "x{character}y"  # x{character}y'))[1] == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("let a＝１２．５％", "let a=12.5%"),
        ("let a = 1２ + 10％ + 1e－5", "let a = 12 + 10% + 1e-5"),
        ("let a = 3　ｓｔｅｐｓ", "let a = 3 steps"),
        ("let a = b =＝ c", "let a = b == c"),
        ("let a = b |＞ c", "let a = b |> c"),
        ("let a = b <＝ c", "let a = b <= c"),
        ("let a = b !＝ c", "let a = b != c"),
        ('let a = "b”', 'let a = "b"'),
        ('let a = “b"', 'let a = "b"'),
        ("let a = b ー c", "let a = b - c"),
        ("ｌｅｔ　ａ　＝　ｉｆ　ｂ　ｔｈｅｎ　１　ｅｌｓｅ　２", "let a = if b then 1 else 2"),
        ("use ｌｌｘ－focal ＞＝ ０．２，＜ １", "use llx-focal >= 0.2,< 1"),
        ("＃＃　“説明”１\nlet a = 1", "##　“説明”１\nlet a = 1"),
        ("data a ＝ f（b，c＝３）｛ d ＝ 「本」、 e = 2 ｝", 'data a = f(b,c=3){ d = "本", e = 2 }'),
    ],
)
def test_what_a_fix_makes(written: str, meant: str) -> None:
    assert mended(written) == meant
    assert parse(Source("a.llx", meant))[1] == []


def test_a_long_vowel_in_a_name_stays() -> None:
    assert parse(Source("a.llx", "data データ = ソース"))[1] == []


def test_two_strange_quotes_in_an_open_string_are_not_guessed_at() -> None:
    _, diagnostics = parse(Source("a.llx", 'let a = "say “yes”'))
    assert [d.code for d in diagnostics] == ["L0104"]
