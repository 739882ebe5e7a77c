"""Fixes: which of them are applied, that each mends what it belongs to, and that together they come to an end."""

from __future__ import annotations

from pathlib import Path

import pytest
from llx.dsl.check import check
from llx.dsl.diagnostics.model import Diagnostic, Fix, Text
from llx.dsl.fixes import applicable, apply
from llx.dsl.parser import parse
from llx.dsl.source import Source, Span

from .fake import FakeCatalogue
from .test_cases import CASES, Case

SYNTAX = [Case.read(path) for path in CASES]


def fixed(text: str, likely: bool = False, rounds: int = 30) -> str:
    """Fix the syntax of a text as often as it takes."""
    for _ in range(rounds):
        source = Source("a.llx", text)
        fixes = applicable(parse(source)[1], source, likely)
        if not fixes:
            return text
        text = apply(text, fixes)
    raise AssertionError(f"{rounds} rounds were not enough: {text!r}")


def diagnostic(*fixes: Fix) -> Diagnostic:
    return Diagnostic("L0101", Text("L0101"), fixes[0].span, fixes=fixes)


def test_the_outer_fix_wins_and_then_the_first() -> None:
    source = Source("a", "abcdefgh")

    def fix(start: int, end: int, replacement: str = "x", certain: bool = True) -> Fix:
        return Fix(Span(source, start, end), replacement, certain)

    outer, inner, late, touching = fix(0, 4), fix(1, 2), fix(6, 7), fix(4, 5)
    found = [diagnostic(one) for one in (late, inner, touching, outer)]
    assert applicable(found, source) == [outer, late]
    assert apply(source.text, [late, outer]) == "xefxh"


def test_of_alternatives_the_first_that_is_allowed_is_taken() -> None:
    source, other = Source("a", "ab"), Source("b", "ab")
    likely, certain = Fix(Span(source, 0, 1), "x", certain=False), Fix(Span(source, 0, 1), "y")
    assert applicable([diagnostic(likely, certain)], source) == [certain]
    assert applicable([diagnostic(likely, certain)], source, likely=True) == [likely]
    assert applicable([diagnostic(certain)], other) == []
    assert applicable([diagnostic(Fix(Span(source, 0, 1), "a"))], source) == [], "it would change nothing"


def test_insertions_at_one_place_are_not_mixed() -> None:
    source = Source("a", "ab")
    one, two = Fix(Span(source, 1, 1), "x"), Fix(Span(source, 1, 1), "y")
    assert applicable([diagnostic(one), diagnostic(two)], source) == [one]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("let a: 1", "let a = 1"),
        ("let a == 1", "let a = 1"),
        ("let a 1", "let a = 1"),
        ("let a=[1 2  3]", "let a=[1, 2,  3]"),
        ("model m = f { a: 1, b :2 }", "model m = f { a = 1, b = 2 }"),
        ("model m = f { a = 1 b = 2 }", "model m = f { a = 1, b = 2 }"),
        ("model m = f(a,, b)", "model m = f(a, b)"),
        ("model m = f\n{ a = 1 }", "model m = f { a = 1 }"),
        ("model m = f\n  a = 1\n}", "model m = f {\n  a = 1\n}"),
        ("param a int = 1", "param a: int = 1"),
        ("let a = 3hours", "let a = 3 h"),
        ("let a = 3 hours", "let a = 3 h"),
        ("let a = 20tokens", "let a = 20 tokens"),
        ("let a = .5", "let a = 0.5"),
        ("let a = 1 &&b", "let a = 1  and b"),
        ("let a = 1; let b = 2", "let a = 1\n let b = 2"),
        ("let a = 'x'", 'let a = "x"'),
        ("let a = 1 // why", "let a = 1 # why"),
    ],
)
def test_what_is_certain(written: str, meant: str) -> None:
    after = fixed(written)
    assert after == meant
    assert parse(Source("a", after))[1] == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('data a = f("x.txt)\nlet b = 1', 'data a = f("x.txt")\nlet b = 1'),
        ('let a = "x  # why', 'let a = "x"  # why'),
        ('let a = ["x, 2]', 'let a = ["x, 2"]'),
        ("let a = f(1, 2\nlet b = 1", "let a = f(1, 2)\nlet b = 1"),
        ("let a = [1, f(2\nlet b = 1", "let a = [1, f(2)]\nlet b = 1"),
        ("model a = f {\n  b = 1  # one\n\nlet c = 1", "model a = f {\n  b = 1  # one\n}\n\nlet c = 1"),
        ("model a = f { b = 1\nlet c = 1", "model a = f { b = 1 }\nlet c = 1"),
        ("model a = f {\n  b = g {\n    c = 1\n", "model a = f {\n  b = g {\n    c = 1\n  }\n}\n"),
        ("let a = 1)", "let a = 1"),
        (r'let a = "\d"', r'let a = "\\d"'),
        ('let a = "${1}"', r'let a = "\u{24}{1}"'),
        ("let a = 3 m", "let a = 3 min"),
    ],
)
def test_what_is_likely(written: str, meant: str) -> None:
    assert fixed(written) == written, "nothing of it is certain"
    after = fixed(written, likely=True)
    assert after == meant
    assert parse(Source("a", after))[1] == []


@pytest.mark.parametrize("case", SYNTAX, ids=lambda case: case.path.stem)
@pytest.mark.parametrize("likely", [False, True], ids=["certain", "likely"])
def test_a_fix_of_the_syntax_mends_what_it_belongs_to(case: Case, likely: bool) -> None:
    source = Source("a.llx", case.text)
    found = parse(source)[1]
    for diagnostic in found:
        for fix in diagnostic.fixes if likely else [one for one in diagnostic.fixes if one.certain]:
            after = parse(Source("a.llx", apply(source.text, [fix])))[1]
            same = [len([one for one in ones if one.code == diagnostic.code]) for ones in (found, after)]
            # Of stray brackets only the first is told of.
            assert same[1] < same[0] or len(after) < len(found) or diagnostic.code == "L0103", fix


@pytest.mark.parametrize("case", SYNTAX, ids=lambda case: case.path.stem)
def test_fixing_a_case_comes_to_an_end(case: Case) -> None:
    before = len(parse(Source("a.llx", case.text))[1])
    assert len(parse(Source("a.llx", fixed(case.text)))[1]) <= before
    fixed(case.text, likely=True)


def meaning(text: str, folder: Path, likely: bool = False) -> tuple[str, list[str]]:
    """Fix what a text means as often as it takes; give it, and the codes that are left."""
    for _ in range(10):
        source = Source("a.llx", text, folder / "a.llx")
        found = check(source, FakeCatalogue(), root=folder).diagnostics
        fixes = applicable(found, source, likely)
        if not fixes:
            break
        text = apply(text, fixes)
    return text, [diagnostic.code for diagnostic in found]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("experiment a { Seed = 3 }", "experiment a { seed = 3 }"),
        ('experiment a { device = "cpu" }', "experiment a { device = cpu }"),
        ("experiment a { device = CPU }", "experiment a { device = cpu }"),
        ('experiment a { device = "CPU" }', "experiment a { device = cpu }"),
        ("experiment a { seed = 3.0 }", "experiment a { seed = 3 }"),
        ("let a = True", "let a = true"),
        ("let a = FALSE", "let a = false"),
        ("let a = [1, None]", "let a = [1, none]"),
    ],
)
def test_certain_fixes_of_what_is_meant(written: str, meant: str, tmp_path: Path) -> None:
    text, codes = meaning(written, tmp_path)
    assert text == meant
    assert set(codes) <= {"L0903", "L0905"}, "only that nothing uses it"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("let a = yes", "let a = true"),
        ("experiment a { sed = 3 }", "experiment a { seed = 3 }"),
        ("model a = decoder {}\nmodel b = a { layers = 3 }", "model a = decoder {}\nmodel b = a with { layers = 3 }"),
        ('data a = text("b.txt")', 'data a = text("a.txt")'),
    ],
)
def test_likely_fixes_of_what_is_meant(written: str, meant: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    assert meaning(written, tmp_path)[0] == written
    assert meaning(written, tmp_path, likely=True)[0] == meant
