"""Places as editors count them."""

from __future__ import annotations

import pytest
from llx.dsl.lsp.positions import Positions
from lsprotocol import types

TEXT = 'let 小説 = "🎉𠮷"\r\nb\u2028c\rd\x0cz\n'


@pytest.mark.parametrize(
    ("piece", "encoding", "line", "character"),
    [
        ("小", "utf-16", 0, 4),
        ("🎉", "utf-16", 0, 10),
        ("𠮷", "utf-16", 0, 12),
        ("𠮷", "utf-8", 0, 18),
        ("𠮷", "utf-32", 0, 11),
        ('"\r', "utf-16", 0, 14),
        ("c\r", "utf-16", 1, 2),
        ("z", "utf-16", 2, 2),
    ],
)
def test_there_and_back(piece: str, encoding: str, line: int, character: int) -> None:
    positions = Positions(TEXT, encoding)
    offset = TEXT.index(piece)
    assert positions.position(offset) == types.Position(line, character)
    assert positions.offset(types.Position(line, character)) == offset


def test_every_offset_has_its_own_position() -> None:
    for encoding in ("utf-8", "utf-16", "utf-32"):
        positions = Positions(TEXT, encoding)
        for offset in range(len(TEXT) + 1):
            if TEXT[offset - 1 : offset + 1] != "\r\n":  # no position lies within a line's end
                assert positions.offset(positions.position(offset)) == offset, (encoding, offset)


def test_positions_beyond_the_text_are_its_ends() -> None:
    positions = Positions("ab\ncd")
    assert positions.offset(types.Position(0, 99)) == 2
    assert positions.offset(types.Position(9, 0)) == 5
    assert Positions("").offset(types.Position(0, 0)) == 0
