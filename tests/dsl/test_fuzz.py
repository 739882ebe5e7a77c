"""Whatever bytes a file holds: an answer within a second, places inside the file, and no exception.

`pytest -m slow -s tests/dsl/test_fuzz.py` takes 100,000 texts.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from llx.dsl.catalogue import Catalogue
from llx.dsl.check import check
from llx.dsl.diagnostics.model import Diagnostic
from llx.dsl.diagnostics.plain import show
from llx.dsl.format import formatted
from llx.dsl.reading import decode
from llx.dsl.source import Source, Span
from llx.plugins.registry import Registry

from .fake import FakeCatalogue

HERE = Path(__file__).parent
FILES = [
    *(HERE / "cases").rglob("*.llx"),
    *(HERE / "layouts").glob("*.llx"),
    *(HERE.parents[1] / "examples").glob("*.llx"),
]
SIGNS = [
    *"=,.:;{}()[]<>+-*/#\"'`|&!$%\\@~^?_",
    "==",
    "!=",
    "<=",
    ">=",
    "|>",
    "##",
    '"""',
    "${",
    "}",
    "\n",
    "\r\n",
    "\n  ",
]
SIGNS += [
    "\t",
    "\0",
    "\r",
    "\u3000",
    "＝",
    "“",
    "”",
    "３",
    "％",
    "\u200b",
    "\u202e",
    "\ufeff",
    "\u0301",
    "小説",
    "😀",
    "ー",
]
SIGNS += [
    "3 steps",
    "10%",
    "8Ki",
    "1e999",
    "1_000",
    "0.5",
    "if ",
    " then ",
    " else ",
    " with ",
    "not ",
    "none",
    "true",
    "use ",
]
LONGEST = 1.0
"""Seconds of CPU time for one text."""


@cache
def texts() -> list[str]:
    """Give the files that texts are made from."""
    found = [path.read_bytes().decode("utf-8") for path in sorted(FILES)]
    return [text for text in found if text]


@cache
def words() -> list[str]:
    return sorted({word for text in texts() for word in re.findall(r"\w+|\"[^\"\n]*\"|[^\w\s]+", text)} | set(SIGNS))


def random_bytes(chance: random.Random) -> bytes:
    return chance.randbytes(chance.randint(0, 80))


def random_characters(chance: random.Random) -> bytes:
    kinds: list[Callable[[], str]] = [
        lambda: chr(chance.randint(0, 127)),
        lambda: chance.choice(SIGNS),
        lambda: chr(chance.choice([chance.randint(0, 0xD7FF), chance.randint(0xE000, 0x10FFFF)])),
        lambda: chr(chance.randint(0xFF00, 0xFFEF)),
    ]
    return "".join(chance.choice(kinds)() for _ in range(chance.randint(0, 80))).encode()


def random_tokens(chance: random.Random) -> bytes:
    gaps = ["", " ", " ", " ", "\n"]
    return "".join(chance.choice(words()) + chance.choice(gaps) for _ in range(chance.randint(0, 60))).encode()


def truncated(chance: random.Random) -> bytes:
    data = chance.choice(texts()).encode()
    start = chance.choice([0, 0, chance.randint(0, len(data))])
    return data[start : start + chance.randint(0, min(len(data), 1500))]


def mutated(chance: random.Random) -> bytes:
    """Change a valid file a little: pieces left out, doubled, swapped, or something put in."""
    text = chance.choice(texts())
    at = text.rfind("\n", 0, chance.randint(0, len(text))) + 1
    pieces = re.findall(r"\w+|\s+|[^\w\s]", text[at : at + chance.randint(50, 1500)])
    for _ in range(chance.randint(1, 6)):
        if not pieces:
            break
        n, m = chance.randrange(len(pieces)), chance.randrange(len(pieces))
        what = chance.randrange(6)
        if what == 0:
            del pieces[n]
        elif what == 1:
            pieces.insert(n, pieces[m])
        elif what == 2:
            pieces[n], pieces[m] = pieces[m], pieces[n]
        elif what == 3:
            pieces.insert(n, chance.choice(words()))
        elif what == 4:
            pieces[n] = chance.choice(words())
        else:
            pieces[n] = chance.choice(SIGNS) * chance.choice([1, 1, 1, 2, 120])
    return "".join(pieces).encode()


MAKERS = [random_bytes, random_characters, random_tokens, truncated, mutated, mutated]


def inside(span: Span | None) -> bool:
    return span is None or 0 <= span.start <= span.end <= len(span.source.text)


def places(diagnostic: Diagnostic) -> Iterator[Span | None]:
    yield diagnostic.span
    yield from (label.span for label in diagnostic.labels)
    yield from (fix.span for fix in diagnostic.fixes)


def answer(data: bytes, catalogue: Catalogue, language: str) -> str:
    """Check a file and give what came of it; a text without syntax errors is formatted, too."""
    source, diagnostics = decode(data, HERE / "fuzz.llx", "fuzz.llx")
    if source is None:
        assert diagnostics
        return "not read"
    checked = check(source, catalogue, root=HERE)
    assert all(inside(place) for one in checked.diagnostics for place in places(one))
    assert bool(checked.diagnostics) == bool(show(checked.diagnostics[:5], language))
    result = formatted(source)
    if result.text is None:
        return "syntax errors"
    again = formatted(Source("fuzz.llx", result.text))
    assert again.text == result.text, "formatting twice changes something"
    return "mistakes" if checked.has_errors else "fine"


def fuzz(count: int, seed: int) -> Counter[str]:
    """Take so many texts, and count what came of them; a text that fails is in the message."""
    catalogues: list[Catalogue] = [FakeCatalogue(), Registry()]
    outcomes: Counter[str] = Counter()
    for number in range(count):
        chance = random.Random(f"{seed}/{number}")
        maker = chance.choice(MAKERS)
        data = maker(chance)
        started = time.process_time()
        try:
            outcomes[answer(data, catalogues[number % 2], chance.choice(["en", "ja"]))] += 1
        except Exception as error:
            raise AssertionError(f"text {number} of seed {seed} ({maker.__name__}): {data!r}") from error
        spent = time.process_time() - started
        assert spent < LONGEST, f"text {number} of seed {seed} ({maker.__name__}) took {spent:.1f} s: {data!r}"
        if (number + 1) % 5000 == 0:
            print(f"{number + 1} of {count}: {dict(outcomes)}", flush=True)
    return outcomes


def test_some_texts() -> None:
    outcomes = fuzz(300, seed=0)
    assert outcomes.total() == 300
    assert len(outcomes) == 4, "each sort of outcome occurs"


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_hundred_thousand_texts() -> None:
    assert fuzz(100_000, seed=1).total() == 100_000
