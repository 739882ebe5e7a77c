"""Files become rows, and what is wrong with them is told with its place."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
import zstandard
from llx.plugins.api import Place, Task, TaskFailed
from llx.plugins.builtin.data.csv import Csv
from llx.plugins.builtin.data.jsonl import JsonLines
from llx.plugins.builtin.data.parquet import Parquet
from llx.plugins.builtin.data.reader import Reader
from llx.plugins.builtin.data.text import TextFiles

from .work import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def place_of(lab: Lab, task: Task) -> dict[str, Any]:
    """Give the values of the one problem that a check finds, with the place as `file:line`."""
    place = Place(lab.root)
    task.check(place)
    [problem] = place.problems
    values = dict(problem.message.values)
    where: Any = values.get("where")
    if hasattr(where, "values"):
        values["where"] = f"{where.values['file']}:{where.values['number']}"
    return values


def test_text_one_document_a_file(lab: Lab) -> None:
    (lab.root / "b.txt").write_bytes(b"\xef\xbb\xbftwo\r\nlines\r\n")
    (lab.root / "a.txt").write_text("吾輩は猫である", encoding="utf-8")
    (lab.root / ".hidden.txt").write_text("no")
    rows = lab.rows(TextFiles(path="*.txt"))
    assert rows == [{"text": "吾輩は猫である", "file": "a.txt"}, {"text": "two\nlines\n", "file": "b.txt"}]


def test_text_cut_at_a_separator(lab: Lab) -> None:
    (lab.root / "a.txt").write_text("one\n\n\ntwo\n\n\n  \n\n\nthree")
    task = TextFiles(path="a.txt", separator="\n\n\n")
    assert lab.texts(task) == ["one", "two", "three"]
    assert lab.run(task) == {"rows": {"rows": 3}, "files": 1}
    assert task.columns == ("text", "file")


def test_a_separator_across_pieces_of_a_large_file(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llx.plugins.textfiles.CHUNK", 3)
    (lab.root / "a.txt").write_bytes("あい--うえ--お\r\nか".encode())
    assert lab.texts(TextFiles(path="a.txt", separator="--")) == ["あい", "うえ", "お\nか"]


def test_encodings(lab: Lab) -> None:
    (lab.root / "a.txt").write_bytes("吾輩は猫".encode("cp932"))
    assert lab.texts(TextFiles(path="a.txt", encoding="cp932")) == ["吾輩は猫"]
    (lab.root / "b.txt").write_bytes("猫".encode("utf-16"))
    assert lab.texts(TextFiles(path="b.txt", encoding="utf_16")) == ["猫"]


def test_text_that_is_not_in_the_utf_16_that_was_said(lab: Lab) -> None:
    (lab.root / "c.txt").write_text("no mark of an order", encoding="utf-8")
    with pytest.raises(TaskFailed, match="L0612"):
        lab.texts(TextFiles(path="c.txt", encoding="utf_16"))


@pytest.mark.parametrize("size", [2, 1 << 18])
def test_the_offset_of_a_bad_byte(lab: Lab, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llx.plugins.textfiles.CHUNK", size)
    (lab.root / "a.txt").write_bytes("猫の".encode() + b"ab\xff" + b"cd")
    task = TextFiles(path="a.txt")
    if size > 9:
        assert lab.problems(task) == [("path", "L0612")]
        assert place_of(lab, task) == {"file": "a.txt", "encoding": "utf_8", "offset": 8, "byte": "0xff"}
    assert lab.failure(task).values["offset"] == 8


def test_only_the_beginning_of_a_text_is_looked_at(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llx.plugins.textfiles.CHUNK", 4)
    (lab.root / "a.txt").write_bytes(b"long enough\xff")
    task = TextFiles(path="a.txt")
    assert lab.problems(task) == []
    assert lab.failure(task).code == "L0612"


def test_compressed_files(lab: Lab) -> None:
    (lab.root / "a.txt.gz").write_bytes(gzip.compress(b"one") + gzip.compress(b" more"))
    (lab.root / "b.txt.zst").write_bytes(zstandard.compress(b"two") + zstandard.compress(b" more"))
    assert lab.texts(TextFiles(path=["a.txt.gz", "b.txt.zst"])) == ["one more", "two more"]


@pytest.mark.parametrize("name", ["cut.gz", "cut.zst", "not.gz", "not.zst"])
def test_damaged_compressed_files(lab: Lab, name: str) -> None:
    text = os.urandom(5000).hex().encode()
    whole = gzip.compress(text) if name.endswith(".gz") else zstandard.compress(text)
    (lab.root / name).write_bytes(whole[:-400] if name.startswith("cut") else b"plain text")
    task = TextFiles(path=name)
    assert lab.problems(task) == [("path", "L0613")]
    assert lab.failure(task).code == "L0613"


@pytest.mark.parametrize("name", ["bomb.gz", "bomb.zst"])
def test_bombs_are_not_decompressed(lab: Lab, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llx.plugins.textfiles.BOMB_SIZE", 1 << 20)
    text = b" " * (8 << 20)
    (lab.root / name).write_bytes(gzip.compress(text, 9) if name.endswith(".gz") else zstandard.compress(text, 9))
    assert lab.failure(TextFiles(path=name)).code == "L0614"


def test_files_that_are_none(lab: Lab) -> None:
    (lab.root / "empty.txt").touch()
    (lab.root / "blank.txt").write_text(" \n\n ")
    (lab.root / "folder").mkdir()
    os.mkfifo(lab.root / "pipe.txt")
    outside = lab.root.parent / f"{lab.root.name}-outside.txt"
    outside.write_text("secret")
    (lab.root / "link.txt").symlink_to(outside)
    for path, code in {
        "none.txt": "L0610",
        "*.md": "L0610",
        "empty.txt": "L0617",
        "folder": "L0632",
        "pipe.txt": "L0632",
        "link.txt": "L0631",
        "../x.txt": "L0631",
        "/etc/passwd": "L0631",
    }.items():
        assert lab.problems(TextFiles(path=path)) == [("path", code)], path
        assert lab.failure(TextFiles(path=path)).code.partition(".")[0] == code
    assert lab.failure(TextFiles(path="blank.txt")).code == "L0617"


def test_a_file_that_changes_while_it_is_read(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llx.plugins.textfiles.CHUNK", 4)
    path = lab.root / "a.jsonl"
    path.write_text('{"text": "one"}\n' * 5)
    records = JsonLines(path="a.jsonl").records

    def changing(self: Reader, file: Path, name: str) -> Any:
        for number, record in enumerate(records(file, name)):
            if number == 1:
                path.write_text('{"text": "two"}\n' * 9)
            yield record

    monkeypatch.setattr(JsonLines, "records", changing)
    assert lab.failure(JsonLines(path="a.jsonl")).code == "L0616"


def jsonl(lab: Lab, *lines: str | dict[str, Any], **fields: Any) -> JsonLines:
    content = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (lab.root / "a.jsonl").write_text(content, encoding="utf-8")
    return JsonLines(path="a.jsonl", **fields)


def test_jsonl(lab: Lab) -> None:
    task = jsonl(
        lab,
        {"body": "a\u2028b", "stars": 5, "other": None},
        "",
        {"body": "c", "stars": True, "other": {"x": [1, "二"]}},
        text="body",
        label="stars",
        columns_={"extra": "other"},
    )
    assert task.columns == ("text", "label", "extra")
    assert lab.rows(task) == [
        {"text": "a\u2028b", "label": "5", "extra": None},
        {"text": "c", "label": "true", "extra": '{"x": [1, "二"]}'},
    ]


def test_jsonl_splits_at_newlines_only(lab: Lab) -> None:
    (lab.root / "a.jsonl").write_bytes('{"text": "a\u2028b\u0085c"}\r\n{"text": "d"}'.encode())
    assert lab.texts(JsonLines(path="a.jsonl")) == ["a\u2028b\u0085c", "d"]


BAD_LINES = [
    ('{"text": "cut', "L0618"),
    ('["no object"]', "L0618"),
    ('{"text": "a", "x": NaN}', "L0618"),
    ('{"text": "a", "x": -Infinity}', "L0618"),
    ('{"text": "a", "text": "b"}', "L0618"),
    ('{"text": "a", "x": ' + "[" * 100_000 + "}", "L0618"),
    ('{"text": "a", "x": ' + "9" * 5000 + "}", "L0618"),
    ("text,label", "L0618"),
    ('{"txet": "a"}', "L0620"),
    ('{"text": 3}', "L0621"),
    ('{"text": null}', "L0621"),
    (r'{"text": "a\ud800b"}', "L0623"),
]


@pytest.mark.parametrize(("line", "code"), BAD_LINES, ids=lambda value: str(value)[:30])
def test_bad_lines_of_jsonl(lab: Lab, line: str, code: str) -> None:
    task = jsonl(lab, {"text": "fine"}, line)
    assert [found for _, found in lab.problems(task)] == [code]
    assert place_of(lab, task)["where"] == "a.jsonl:2"
    assert lab.failure(task).code == code
    skipping = jsonl(lab, {"text": "fine"}, line, bad_rows="skip")
    assert lab.texts(skipping) == ["fine"]
    assert lab.run(skipping)["skipped"] == 1
    assert lab.log.lines[-1][0] == "data.skipped"


def test_a_bad_byte_in_jsonl(lab: Lab) -> None:
    (lab.root / "a.jsonl").write_bytes(b'{"text": "a"}\n{"text": "\xff"}\n')
    assert place_of(lab, JsonLines(path="a.jsonl"))["offset"] == 24


def test_only_the_first_rows_of_large_files_are_looked_at(lab: Lab) -> None:
    assert lab.problems(jsonl(lab, *[{"text": "fine"}] * 200, "broken")) == [("path", "L0618")]
    task = jsonl(lab, *[{"text": "fine" * 400}] * 200, "broken")
    assert lab.problems(task) == []
    assert lab.failure(task).code == "L0618"


def test_a_missing_field_is_told_at_the_field_that_names_it(lab: Lab) -> None:
    task = jsonl(lab, {"text": "a", "stars": 3}, label="star")
    assert lab.problems(task) == [("label", "L0620")]
    assert place_of(lab, task)["similar"] == ["stars"]
    both = jsonl(lab, {"txt": "a", "stars": 3}, label="star")
    assert lab.problems(both) == [("text", "L0620"), ("label", "L0620")]
    assert lab.problems(jsonl(lab, {"text": "a", "stars": ""}, label="stars")) == [("label", "L0622")]


def test_mappings_that_mean_nothing(lab: Lab) -> None:
    assert lab.problems(jsonl(lab, {"text": "a"}, text=None)) == [(None, "L0633")]
    assert lab.problems(jsonl(lab, {"text": "a"}, columns_={"text": "text"})) == [("columns", "L0634")]


def csv(lab: Lab, content: str, name: str = "a.csv", **fields: Any) -> Csv:
    (lab.root / name).write_bytes(content.encode())
    return Csv(path=name, **fields)


def test_csv(lab: Lab) -> None:
    task = csv(
        lab,
        'body,stars,"other, one"\r\n"a ""b""\nc",5,x\r\n\r\nd,4,\r\n',
        text="body",
        label="stars",
        columns_={"extra": "other, one"},
    )
    assert lab.rows(task) == [
        {"text": 'a "b"\nc', "label": "5", "extra": "x"},
        {"text": "d", "label": "4", "extra": ""},
    ]


def test_tsv_delimiters_headers_and_quotes(lab: Lab) -> None:
    assert lab.texts(csv(lab, "text\tx\na, b\t1\n", "a.tsv")) == ["a, b"]
    (lab.root / "b.tsv.gz").write_bytes(gzip.compress(b"text\tx\nc\t1\n"))
    assert lab.texts(Csv(path="b.tsv.gz")) == ["c"]
    assert lab.texts(csv(lab, "a;1\nb;2\n", delimiter=";", header=["text", "n"])) == ["a", "b"]
    assert lab.texts(csv(lab, 'text\n"half\n', quotes=False)) == ['"half']


def test_wrong_csv(lab: Lab) -> None:
    assert lab.problems(csv(lab, "txt\na\n")) == [("text", "L0620")]
    assert place_of(lab, csv(lab, "txt\na\n"))["similar"] == ["txt"]
    assert lab.problems(csv(lab, "text,text\na,b\n")) == [("path", "L0625")]
    ragged = csv(lab, 'text,x\n"a\nb",1\nc\n')
    assert place_of(lab, ragged) == {"where": "a.csv:4", "count": 1, "wanted": 2}
    assert lab.failure(ragged).code == "L0626"
    assert lab.texts(csv(lab, "text,x\na,1\nc\n", bad_rows="skip")) == ["a"]
    assert lab.problems(csv(lab, 'text\n"never closed\n')) == [("path", "L0624")]
    assert lab.problems(csv(lab, "text,stars\na,\n", label="stars")) == [("label", "L0622")]
    assert lab.failure(csv(lab, "text\n")).code == "L0617"


def test_a_csv_that_is_called_jsonl(lab: Lab) -> None:
    (lab.root / "a.jsonl").write_text("text,label\na,b\n")
    assert lab.problems(JsonLines(path="a.jsonl")) == [("path", "L0618")]


def test_parquet(lab: Lab) -> None:
    table = pyarrow.table({"body": ["a", "b"], "stars": [1, 2], "tags": [["x"], []]})
    pyarrow.parquet.write_table(table, lab.root / "a.parquet")
    task = Parquet(path="a.parquet", text="body", label="stars", columns_={"tags": "tags"})
    assert lab.rows(task) == [
        {"text": "a", "label": "1", "tags": '["x"]'},
        {"text": "b", "label": "2", "tags": "[]"},
    ]
    assert lab.problems(Parquet(path="a.parquet")) == [("text", "L0620")]
    (lab.root / "b.parquet").write_bytes(b"PAR1 and nothing more")
    assert lab.problems(Parquet(path="b.parquet")) == [("path", "L0627")]


def test_a_line_without_end(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llx.plugins.textfiles.LONGEST_LINE", 1 << 20)
    (lab.root / "a.jsonl").write_bytes(b'{"text": "' + b"a" * (2 << 20) + b'"}')
    assert lab.problems(JsonLines(path="a.jsonl")) == [("path", "L0630")]
    (lab.root / "a.txt").write_bytes(b"a" * (2 << 20))
    assert lab.failure(TextFiles(path="a.txt", separator="---")).code == "L0630"


def test_files_are_sorted_and_each_once(lab: Lab) -> None:
    (lab.root / "deep" / "er").mkdir(parents=True)
    for name in ("z.txt", "deep/b.txt", "deep/er/a.txt"):
        (lab.root / name).write_text(name)
    (lab.root / "[x].txt").write_text("brackets")
    files = TextFiles(path=["**/*.txt", "z.txt"]).files(lab.root)
    assert [file.relative_to(lab.root).as_posix() for file in files] == [
        "[x].txt",
        "deep/b.txt",
        "deep/er/a.txt",
        "z.txt",
    ]
    assert lab.texts(TextFiles(path="[x].txt")) == ["brackets"]
