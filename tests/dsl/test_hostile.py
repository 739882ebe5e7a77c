"""Texts that were made to hurt: each gets an answer, soon, and few words."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from llx.dsl.diagnostics.model import Diagnostic
from llx.dsl.diagnostics.plain import show
from llx.dsl.parser import parse, parse_expression, read
from llx.dsl.reading import LARGEST
from llx.dsl.reports import LIMIT
from llx.dsl.source import Source

N = 900_000
DENSE = 120_000
"""Where nearly every character is a token of its own."""
TEXTS = {
    "blank lines": "\n" * N,
    "blank lines with blanks": " \n" * (N // 2),
    "CRLF": "\r\n" * (N // 2),
    "blanks": " " * N,
    "brackets": "[" * N,
    "declared brackets": "let a = " + "[" * N,
    "closed brackets": "let a = " + "[" * (DENSE // 2) + "]" * (N // 2),
    "closing brackets": "}" * N,
    "braces": "a { " * (N // 4),
    "brackets on lines": "let a = [\n" * (DENSE // 10),
    "quotes": '"' * N,
    "an open string": '"' + "a" * N,
    "open strings": '"\n' * (N // 2),
    "an open long string": '"""' + '""\n' * (N // 3),
    "holes": '"' + "${a}" * (N // 4),
    "open holes": '"' + "${" * (N // 2) + '"',
    "backslashes": '"' + "\\" * N,
    "comments": "#\n" * (DENSE // 2),
    "doc comments": "##\n" * (DENSE // 3),
    "a comment": "#" * N,
    "digits": "let a = " + "9" * N,
    "points": "let a = " + "1." * (N // 2),
    "exponents": "let a = 1e" + "9" * 1000,
    "signs": "let a = " + "-" * DENSE,
    "nots": "let a = " + "not " * (DENSE // 4) + "b",
    "ifs": "let a = " + "if " * (DENSE // 3),
    "pipes": "let a = b" + "|>c" * (DENSE // 3),
    "withs": "let a = b" + " with {}" * (DENSE // 8),
    "sums": "let a = b" + "+c" * (DENSE // 2),
    "dots": "let a = b" + ".c" * (DENSE // 2),
    "commas": "let a = [" + "," * DENSE + "]",
    "a long list with a mistake": "let a = [" + "1, " * (DENSE // 5) + "@, *, 2]",
    "a long block with mistakes": "data a = f {\n" + "b = 1\n" * (DENSE // 10) + "c = @\nd e = 3\n}",
    "names": "a" * N,
    "words": "a " * (DENSE // 2),
    "words on lines": "a\n" * (DENSE // 2),
    "equals": "=" * DENSE,
    "signs nobody knows": "@" * N,
    "many signs nobody knows": "@ " * (N // 2),
    "zero-width": "\u200b" * (N // 3),
    "bidirectional": "\u202e " * (N // 4),
    "full-width blanks": "\u3000" * (N // 3),
    "full-width signs": "\uff1d " * (N // 4),
    "combining marks": "let a" + "\u0301" * (N // 2) + " = 1",
    "semicolons": ";" * N,
    "single quotes": "'" * DENSE,
    "slashes": "//\n" * (DENSE // 3),
    "margin lines": "let a = {\n" * (N // 10),
}


@pytest.mark.parametrize("name", TEXTS)
def test_long_texts_are_answered(name: str) -> None:
    started = time.process_time()
    _, diagnostics = parse(Source("hostile.llx", TEXTS[name]))
    spent = time.process_time() - started
    assert spent < 5, f"{spent:.1f} s"
    assert len(diagnostics) <= LIMIT + 1
    assert len(show(diagnostics, "en")) < 200_000
    assert (len(diagnostics) > 0) == (name not in HARMLESS)


HARMLESS = {"blank lines", "blank lines with blanks", "CRLF", "blanks", "comments", "doc comments", "a comment", "dots"}
HARMLESS |= {"combining marks"}


def test_a_long_file_is_parsed() -> None:
    text = "data a_1 = f(x, y = [1, 2 tokens]) { b = c.d, e = 3 }\n" * 2000
    started = time.process_time()
    tree, diagnostics = parse(Source("long.llx", text))
    assert time.process_time() - started < 10
    assert (len(tree.statements), diagnostics) == (2000, [])


def test_a_long_list_is_parsed() -> None:
    tree, diagnostics = parse(Source("long.llx", "let a = [" + "1, " * 20_000 + "]"))
    assert diagnostics == []
    assert len(tree.statements[0].value.items) == 20_000  # type: ignore[attr-defined]


def codes(diagnostics: list[Diagnostic]) -> list[str]:
    return [diagnostic.code for diagnostic in diagnostics]


def reading(path: Path) -> list[str]:
    source, diagnostics = read(path, path.name)
    assert (source is None) == bool(diagnostics)
    assert bool(show(diagnostics, "ja")) == bool(diagnostics)
    return codes(diagnostics)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\xef\xbb\xbflet a = 1\r\n", []),
        (b"let a = 1\0", ["L0655"]),
        (b"\0", ["L0655"]),
        (b"let a = \xff", ["L0656"]),
        (b"let a = \xe3\x81", ["L0656"]),
        ("let a = 1".encode("utf-16"), ["L0657"]),
        ("let a = 1".encode("utf-16-le"), ["L0657"]),
        ("let a = 1".encode("utf-16-be"), ["L0657"]),
        (b"\xfe\xff", ["L0657"]),
        (b"#" * (LARGEST + 1), ["L0654"]),
        (b"#" * LARGEST, []),
    ],
)
def test_what_files_hold(tmp_path: Path, data: bytes, expected: list[str]) -> None:
    path = tmp_path / "a.llx"
    path.write_bytes(data)
    assert reading(path) == expected


def test_what_is_no_file(tmp_path: Path) -> None:
    assert reading(tmp_path / "missing.llx") == ["L0651"]
    assert reading(tmp_path) == ["L0652"]
    assert reading(tmp_path / "a\0b") == ["L0650"]
    assert reading(tmp_path / ("a" * 300)) == ["L0650"]
    assert reading(Path("/dev/zero")) == ["L0653"]
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert reading(fifo) == ["L0653"]
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert reading(loop) == ["L0650"]


def test_the_place_of_a_wrong_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.llx"
    path.write_bytes("let a = 1\nlet あ = \xff".encode()[:-2] + b"\xff")
    _, diagnostics = read(path, "a.llx")
    assert str(diagnostics[0].span) == "a.llx:2:9"


def test_offsets_are_those_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "a.llx"
    path.write_bytes('\ufefflet a = """\r\n  x\r\n  y"""\r\nlet b = c\r\n'.encode())
    source, _ = read(path, "a.llx")
    assert source is not None
    tree, diagnostics = parse(source)
    assert diagnostics == []
    first, second = tree.statements
    assert second.span.text == "let b = c"
    assert first.span.start == 0
    assert first.value.parts == ("x\ny",)  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["", "  ", "1 2", "a b", "a = 1", "1)", "[1", '"a', "1\n2", "@", "data a = 1", "# x"])
def test_values_that_are_none(text: str) -> None:
    expression, diagnostics = parse_expression(Source("lr", text))
    assert expression is None
    assert len(diagnostics) >= 1


def test_a_message_does_not_steer_the_terminal() -> None:
    _, diagnostics = parse(Source("a\x1b[31m.llx", 'let a = "\x1b]0;x\x07" \x1b[2J'))
    assert diagnostics
    assert "\x1b" not in show(diagnostics, "en")


def test_parsing_imports_nothing_heavy() -> None:
    code = (
        "import sys; from llx.dsl.parser import parse; from llx.dsl.source import Source;"
        "from llx.dsl.diagnostics.plain import show; d = parse(Source('a', 'let a ='))[1]; assert show(d, 'ja');"
        "print(sorted({'click', 'pydantic', 'torch', 'rich', 'numpy', 'decimal'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
