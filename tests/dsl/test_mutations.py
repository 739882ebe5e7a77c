"""Whatever is done to a file, the check ends in a program or in diagnostics with places, never in an exception."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from llx.dsl.check import check
from llx.dsl.diagnostics.words import render
from llx.dsl.source import Source
from llx.dsl.syntax import SyntaxTree

from .fake import FakeCatalogue

FOLDER = Path(__file__).parent / "cases" / "meaning"
WHOLE = (FOLDER / "whole.llx").read_text(encoding="utf-8").split("\n", 1)[1]
WORDS = sorted(
    {word for line in WHOLE.splitlines() for word in line.split()} | {"with", "|>", "none", "not", "{ }", "[ ]"}
)


def survives(text: str, params: list[str] | None = None) -> None:
    source = Source("whole.llx", text, FOLDER / "whole.llx")
    result = check(source, FakeCatalogue(), root=FOLDER, params=params or [])
    assert isinstance(result.tree, SyntaxTree)
    assert (result.program is None) == result.has_errors
    for one in result.diagnostics:
        assert one.code not in render(one.message, "en")
        assert one.span is None or 0 <= one.span.start <= one.span.end <= len(one.span.source.text)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_words_put_in_the_place_of_words(data: st.DataObject) -> None:
    words = WHOLE.split(" ")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(words) - 1))
        words[at] = data.draw(st.sampled_from(WORDS))
    survives(" ".join(words))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, len(WHOLE)), st.integers(0, 60))
def test_pieces_cut_out(start: int, length: int) -> None:
    survives(WHOLE[:start] + WHOLE[start + length :])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(["width", "mode", "base", "x", ""]), max_size=3), st.sampled_from(WORDS))
def test_any_values_from_outside(names: list[str], value: str) -> None:
    survives(WHOLE, [f"{name}={value}" for name in names])
