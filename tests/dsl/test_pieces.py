"""Parsing again after an edit gives what a fresh parse gives, whatever was edited, and reads only what changed."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Iterator

import pytest
from llx.dsl import pieces as pieces_module
from llx.dsl.parser import parse
from llx.dsl.pieces import Pieces
from llx.dsl.source import Source

from .test_fuzz import SIGNS, texts, words

STATEMENTS = [
    "let a = 1\n",
    "let a = 1",
    "\n## about b\n\n# plain\nlet b = [1,\n  2]  ## beside\n",
    'let c = """\nlet d = 1\nlet e = 2\n"""\n',
    'let f = """\n',
    '"""\n',
    "use llx-x >= 1,\n",
    "use llx-x >= 1, < 2\n",
    "model g = decoder {\n  layers = 2\n}\n",
    "model g = decoder {\n  layers = 2\n",
    "let h =\n",
    "let i = 1 +\n  # comment\n",
    "  |> clean()\n",
    "  j = 1\n",
    "then 3\n",
    "# only a comment\n",
    "  ## an indented one\n",
    "let か\u3099 = 1\n",
    "let x = 3\u3000steps\n",
    "# \u202e hidden\n",
    "\r\n",
    " \r\n",
]


def edits(chance: random.Random, count: int) -> Iterator[str]:
    """Give a text, and what becomes of it edit by edit."""
    known = [*texts(), *("".join(chance.choices(STATEMENTS, k=8)) for _ in range(3))]
    text = "".join(chance.choice(known)[:3000] for _ in range(chance.randint(1, 3)))
    before = [text]
    yield text
    for _ in range(count):
        n = chance.randint(0, len(text))
        m = min(len(text), n + chance.choice([0, 0, 1, 3, 30, 300]))
        line = text.rfind("\n", 0, n) + 1
        match chance.randrange(8):
            case 0:
                text = text[:n] + chance.choice(SIGNS) + text[m:]
            case 1:
                text = text[:n] + chance.choice(words()) + text[m:]
            case 2:
                text = text[:n] + text[m:]
            case 3 | 4:
                text = text[:line] + chance.choice(STATEMENTS) + text[line:]
            case 5:
                moved = text[n:m]
                text = text[:n] + text[m:]
                at = text.rfind("\n", 0, chance.randint(0, len(text))) + 1
                text = text[:at] + moved + text[at:]
            case 6:
                text = re.sub(r"(?<=[^\w])\d", lambda _: str(chance.randint(0, 9)), text, count=3)
            case _:
                text = chance.choice(before)
        before.append(text)
        yield text


def hold(count: int, seed: int) -> None:
    for number in range(count):
        pieces = Pieces()
        for text in edits(random.Random(f"{seed}/{number}"), 20):
            source = Source("edited.llx", text)
            assert pieces.parse(source) == parse(source), f"sequence {number} of seed {seed}: {text!r}"


@pytest.fixture(autouse=True)
def deep() -> Iterator[None]:
    """Let trees be compared that are nested as deep as may be."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10_000)
    yield
    sys.setrecursionlimit(limit)


def test_any_edits() -> None:
    hold(15, seed=0)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_any_edits_for_long() -> None:
    hold(2000, seed=1)


def test_only_what_changed_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    parse_statements = pieces_module.parse_statements

    def noted(tokens, driver):
        read.extend(own[1].text for own in tokens)
        return parse_statements(tokens, driver)

    monkeypatch.setattr(pieces_module, "parse_statements", noted)
    pieces = Pieces()
    text = '## one\nlet a = 1\n\nlet b = """\n\n  let x = 0\n"""\n# two\n# three\n\nlet c = [\n  3,\n]\n'
    pieces.parse(Source("f", text))
    assert read == ["a", "b", "c"]
    read.clear()
    for edited, expected in [
        (text.replace("0", "1"), ["b"]),
        (text.replace("# three", "# four\n# five"), ["c"]),
        (text.replace("= 1", "="), ["a"]),
        ("let d = 4\n" + text, ["d"]),
        (text, []),
    ]:
        pieces.parse(Source("f", edited))
        assert read == expected
        read.clear()
        pieces.parse(Source("f", text))
        read.clear()
