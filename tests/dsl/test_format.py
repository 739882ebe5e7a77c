"""Formatting keeps the program and the comments, and what is formatted stays as it is."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from llx.dsl.format import file, formatted, printer
from llx.dsl.parser import parse
from llx.dsl.source import Source

from .loosening import loosened
from .printing import print_statement, without_spans
from .test_cases import Case
from .test_roundtrip import statements

ROOT = Path(__file__).resolve().parents[2]
CASES = sorted((Path(__file__).parent / "cases").rglob("*.llx"))
EXAMPLES = sorted((ROOT / "examples").rglob("*.llx"))


def tidy(text: str) -> str:
    """Format a text without mistakes, and see that nothing is lost."""
    source = Source("test.llx", text)
    tree, diagnostics = parse(source)
    assert diagnostics == []
    result = formatted(source).text
    assert result is not None
    after, diagnostics = parse(Source("test.llx", result))
    assert diagnostics == [], result
    assert without_spans(after.statements) == without_spans(tree.statements), result
    assert [(c.text, c.is_doc) for c in after.comments] == [(c.text, c.is_doc) for c in tree.comments]
    assert formatted(Source("test.llx", result)).text == result, result
    return result


# A failing program is shown by its text: Hypothesis would write out how the tree was made, in megabytes.
@settings(max_examples=120, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    st.lists(statements, max_size=4).map(lambda trees: "\n".join(map(print_statement, trees))),
    st.integers(0, 2**32),
    st.sampled_from(["\n", "\n", "\r\n"]),
    st.sampled_from([12, 30, 60, 100]),
)
def test_any_layout_of_any_program(text: str, seed: int, newline: str, width: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(printer, "WIDTH", width)
        tidy(loosened(text, seed, newline))


@pytest.mark.parametrize("path", [*CASES, *EXAMPLES], ids=lambda path: path.stem)
def test_files(path: Path) -> None:
    text = Case.read(path).text
    if parse(Source(path.name, text))[1]:
        assert formatted(Source(path.name, text)).text is None
        return
    tidy(text)
    for seed in range(3):
        tidy(loosened(text, seed))


LAYOUTS = sorted((Path(__file__).parent / "layouts").glob("*.llx"))
BECOMES = "#================================ becomes\n"


@pytest.mark.parametrize("path", LAYOUTS, ids=lambda path: path.stem)
def test_layout(path: Path) -> None:
    """Compare with what the file holds under the line; LLX_UPDATE_CASES=1 writes it anew."""
    before, _, expected = path.read_text(encoding="utf-8").partition(BECOMES)
    after = tidy(before)
    assert tidy(after) == after
    if os.environ.get("LLX_UPDATE_CASES"):
        path.write_text(before + BECOMES + after, encoding="utf-8")
    else:
        assert after == expected


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_formatted(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert formatted(Source(path.name, text)).text == text


def test_the_layout_that_the_document_shows_is_canonical() -> None:
    _, text, _ = re.split(
        r"```llx\n|^```$\n\n- \*\*Width", (ROOT / "docs" / "format.md").read_text(encoding="utf-8"), flags=re.M
    )
    assert tidy(text) == text


def test_no_line_is_longer_than_it_must_be() -> None:
    for path in LAYOUTS:
        _, _, after = path.read_text(encoding="utf-8").partition(BECOMES)
        assert [line for line in after.split("\n") if len(line.partition("#")[0]) > printer.WIDTH] == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("\n \n", ""),
        ("\r\n# a", "# a\r\n"),
        ("let a = 1", "let a = 1\n"),
        ("let a = 1\n\n\n", "let a = 1\n"),
        ("let a = 1\r\nlet b = 2\n", "let a = 1\r\nlet b = 2\r\n"),
        ("let a = 1\nlet b = 2\r\n", "let a = 1\nlet b = 2\n"),
        ('let a = f("""\r\n  x\r\n""")\r\n', 'let a = f("""\r\n  x\r\n""")\r\n'),
        ('let a = 1\nlet b = """x\r\r\ny"""', 'let a = 1\nlet b = """x\r\r\ny"""\n'),
        ("let cafe\u0301 = 1", "let caf\u00e9 = 1\n"),
    ],
)
def test_ends_of_lines(before: str, after: str) -> None:
    assert tidy(before) == after


@pytest.mark.parametrize("text", ["let a =", "let a = (", "let a = 1 2", "let a＝1", "# \u202e\nlet a = 1", "a"])
def test_a_file_with_mistakes_is_left_alone(text: str) -> None:
    result = formatted(Source("a.llx", text))
    assert result.text is None
    assert result.diagnostics


def test_a_result_of_other_meaning_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "set_rows", lambda rows: "let a = 2")
    with pytest.raises(AssertionError, match="meaning"):
        formatted(Source("a.llx", "let a = 1"))


def test_deep_nesting() -> None:
    tidy("let a = " + "[" * 99 + "1" + "]" * 99)
    tidy("let a = " + "f(" * 99 + "\n1" + ")" * 99)
    tidy("let a = " + "{ a = " * 99 + "1" + " }" * 99)
    tidy("let a = " + "(" * 49 + "{ a = \n" * 49 + "1" + " }" * 49 + ")" * 49)
    tidy("let a = " + "if b then c else " * 99 + "d")
    tidy("let a = b" + " + c" * 99)
    tidy("let a = b" + "\n|> c" * 99)
