"""Rows that are wrong: the answer names file, row, field and value, and the line of the `.llx` that needs them."""

from __future__ import annotations

import gzip
import io
from collections.abc import Mapping
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from llx.runtime import face

from .lab import Case, Content, build, errors, judge

READERS = {
    "jsonl": 'jsonl("rows.jsonl", label = "stars")',
    "csv": 'csv("rows.csv", label = "stars")',
    "parquet": 'parquet("rows.parquet", label = "stars")',
}
PATH = {name: f'"rows.{name}"' for name in READERS}
LABEL = '"stars"'
FINE = '{"text": "fine", "stars": 5}\n'
FAR = 50_000
"""A row that nobody looks at before the run."""


def case(
    name: str,
    reader: str,
    content: Content,
    code: str,
    *says: str,
    at: str | None = None,
    when: str = "check",
    helps: tuple[str, ...] = (),
) -> Case:
    """Give a case of rows that a reader reads; they are looked at before the run, as far as they are the first."""
    experiment = f"\nexperiment hostile {{}}\ndata rows = {READERS[reader]}\ntokenizer letters = characters(rows)\n"
    files: Mapping[str, Content] = {f"rows.{reader}": content}
    return Case(name, experiment, files, code, at or PATH[reader], says, when, helps, ("letters",))


def line(text: str, before: int = 1) -> bytes:
    return (FINE * before + text + "\n").encode("utf-8", "surrogatepass")


def table(**columns: list[object]) -> bytes:
    stream = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), stream)
    return stream.getvalue()


JSONL = [
    case("a cut last line", "jsonl", line('{"text": "cut of')[:-1], "L0618", "rows.jsonl", "2", "cut of"),
    case("no JSON", "jsonl", line("{text: 1}"), "L0618", "rows.jsonl", "2", "{text: 1}", helps=("bad_rows = skip",)),
    case("a list", "jsonl", line('["text"]'), "L0618", "rows.jsonl", "2", '["text"]'),
    case("two objects", "jsonl", line(FINE.strip() * 2), "L0618", "rows.jsonl", "2", "29"),
    case("a key twice", "jsonl", line('{"text": "a", "text": "b"}'), "L0618", "rows.jsonl", "2", "`text`"),
    case("NaN", "jsonl", line('{"text": "a", "stars": NaN}'), "L0618", "rows.jsonl", "2", "NaN"),
    case("minus infinity", "jsonl", line('{"text": "a", "stars": -Infinity}'), "L0618", "2", "-Infinity"),
    case("a huge number", "jsonl", line('{"text": "a", "stars": ' + "9" * 10_000 + "}"), "L0618", "rows.jsonl", "2"),
    case("deep nesting", "jsonl", line('{"text": ' + "[" * 200_000 + "}"), "L0618", "rows.jsonl", "2"),
    case("half a pair", "jsonl", line(r'{"text": "a\ud800", "stars": 1}'), "L0623", "2", "`text`", "ud800", at="jsonl"),
    case("half a pair in bytes", "jsonl", line('{"text": "\ud800"}'), "L0612", "rows.jsonl", "0xed"),
    case("half a pair in a label", "jsonl", line(r'{"text": "a", "stars": "\udc00"}'), "L0623", "`stars`", at=LABEL),
    case("an invalid byte", "jsonl", b'{"text": "\xff", "stars": 1}\n', "L0612", "rows.jsonl", "0xff", "10"),
    case("the text is a number", "jsonl", line('{"text": 12, "stars": 1}'), "L0621", "2", "`text`", "12", at="jsonl"),
    case("the text is null", "jsonl", line('{"text": null, "stars": 1}'), "L0621", "2", "`text`", "null", at="jsonl"),
    case("the label is a map", "jsonl", line('{"text": "a", "stars": {"a": 1}}'), "L0622", "2", "`stars`", at=LABEL),
    case("the label is empty", "jsonl", line('{"text": "a", "stars": ""}'), "L0622", "2", "`stars`", at=LABEL),
    case("row 1 lacks it", "jsonl", b'{"text": "a", "star": 1}\n', "L0620", "1", "`stars`", at=LABEL, helps=("star",)),
    case("row 2 lacks the text", "jsonl", line('{"body": "a", "stars": 1}'), "L0620", "2", "`text`", at="jsonl"),
    case(
        "row 50,000 lacks it",
        "jsonl",
        line('{"text": "a", "star": 1}', before=FAR - 1),
        "L0620",
        f"{FAR}",
        "`stars`",
        at=LABEL,
        when="run",
        helps=("star",),
    ),
    case(
        "row 50,000 is cut", "jsonl", line('{"text": "a', before=FAR - 1), "L0618", f"{FAR}", "rows.jsonl", when="run"
    ),
    case("U+2028 ends no line", "jsonl", line('{"text": "a\u2028b"}'), "L0620", "2", "`stars`", at=LABEL),
]
CSV = [
    case(
        "a missing column",
        "csv",
        b"text,star\nfine,5\n",
        "L0620",
        "rows.csv",
        "1",
        "`stars`",
        at=LABEL,
        helps=("star",),
    ),
    case("a column twice", "csv", b"text,stars,stars\na,1,2\n", "L0625", "rows.csv", "`stars`"),
    case("too few values", "csv", b"text,stars\nfine,5\nbad\n", "L0626", "rows.csv", "3", "1", "2"),
    case(
        "too many values",
        "csv",
        b"text,stars\nyes, it is fine,5\n",
        "L0626",
        "rows.csv",
        "2",
        "3",
        helps=("delimiter",),
    ),
    case(
        "a quote never closed",
        "csv",
        b'text,stars\n"fine,5\n' + b"more,1\n" * 5,
        "L0624",
        "rows.csv",
        helps=("quotes",),
    ),
    case("a quote closed early", "csv", b'text,stars\n"fine" it is,5\n', "L0624", "rows.csv", "2"),
    case("no label", "csv", b"text,stars\nfine,\n", "L0622", "rows.csv", "2", "`stars`", at=LABEL),
    case(
        "a semicolon file",
        "csv",
        b"text;stars\nfine;5\n",
        "L0636",
        "rows.csv",
        "text;stars",
        helps=('delimiter = ";"',),
    ),
    case(
        "row 50,000 is ragged", "csv", b"text,stars\n" + b"fine,5\n" * FAR + b"bad\n", "L0626", f"{FAR + 2}", when="run"
    ),
    case("a zero byte", "csv", b"text,stars\nfine\0,5\n", "L0635", "rows.csv", "2"),
]
PARQUET = [
    case("a missing column", "parquet", table(text=["a"], star=["b"]), "L0620", "`stars`", at=LABEL, helps=("star",)),
    case("numbers for text", "parquet", table(text=[1, 2], stars=["a", "b"]), "L0621", "1", "`text`", at="parquet"),
    case("a null label", "parquet", table(text=["a", "b"], stars=["x", None]), "L0622", "2", "`stars`", at=LABEL),
    case("maps for labels", "parquet", table(text=["a"], stars=[{"x": 1}]), "L0622", "1", "`stars`", at=LABEL),
]


@pytest.mark.parametrize("case", JSONL, ids=lambda case: case.name)
def test_a_bad_line_of_jsonl(case: Case, tmp_path: Path) -> None:
    judge(tmp_path, case)


@pytest.mark.parametrize("case", CSV, ids=lambda case: case.name)
def test_a_bad_row_of_csv(case: Case, tmp_path: Path) -> None:
    judge(tmp_path, case)


@pytest.mark.parametrize("case", PARQUET, ids=lambda case: case.name)
def test_a_bad_row_of_parquet(case: Case, tmp_path: Path) -> None:
    judge(tmp_path, case)


def test_two_missing_fields_are_told_at_once(tmp_path: Path) -> None:
    path = build(tmp_path, case("both", "jsonl", b'{"txt": "a", "star": 1}\n', "L0620"))
    found = errors(face.check(path).diagnostics)
    assert [(one.code, one.span.text if one.span else None) for one in found] == [("L0620", "jsonl"), ("L0620", LABEL)]


def test_bad_rows_are_left_out_where_the_file_says_so(tmp_path: Path) -> None:
    content = gzip.compress(line('{"text": "cut') + line('{"text": 3}') + line(r'{"text": "\ud800"}') + line("x\xff"))
    path = build(tmp_path, case("skip", "jsonl", b"", ""))
    (tmp_path / "rows.jsonl.gz").write_bytes(content)
    text = path.read_text(encoding="utf-8").replace('rows.jsonl"', 'rows.jsonl.gz", bad_rows = skip')
    path.write_text(text, encoding="utf-8")
    result = face.run(path, only=["letters"])
    assert result.ok, result.diagnostics
    facts = next(task.facts for task in result.tasks.values() if task.component == "jsonl")
    assert (facts["rows"], facts["skipped"]) == ({"rows": 4}, 4)
