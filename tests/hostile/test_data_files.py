"""Files of data that are none, are of another sort than they are called, or are made to exhaust the reader."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from .lab import Case, Content, judge

TEXT = """
experiment hostile {}
data books = text("books/a.txt")
tokenizer letters = characters(books)
"""
PICKLE = b"cos\nsystem\n(S'touch canary'\ntR."


def text(name: str, content: Content | None, code: str, *says: str, path: str = "books/a.txt", **more: object) -> Case:
    """Give a case of one file that `text` reads."""
    files = {} if content is None else {path: content}
    experiment = TEXT.replace("books/a.txt", path)
    return Case(name, experiment, files, code, f'"{path}"', says or (path,), only=("letters",), **more)  # type: ignore[arg-type]


def rows(name: str, reader: str, path: str, content: Content, code: str, *says: str, **more: object) -> Case:
    """Give a case of one file that a reader of rows reads."""
    experiment = f'\nexperiment hostile {{}}\ndata rows = {reader}("{path}")\ntokenizer letters = characters(rows)\n'
    more.setdefault("at", f'"{path}"')
    return Case(name, experiment, {path: content}, code, says=says or (path,), only=("letters",), **more)  # type: ignore[arg-type]


def link(target: str) -> Content:
    return lambda path: path.symlink_to(target)


def gigabyte(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b'{"text": "')
        file.truncate(1 << 30)


def parquet(**columns: list[object]) -> bytes:
    stream = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), stream)
    return stream.getvalue()


def bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    piece = b" " * (1 << 20)
    return b"".join([*(packer.compress(piece) for _ in range(size >> 20)), packer.flush()])


ROWS = "".join(f'{{"text": "row {number}"}}\n' for number in range(20)).encode()
NOISE = os.urandom(20_000)
PAR = parquet(text=["a", "b"] * 500)

CASES = [
    text("missing", None, "L0662"),
    text("missing pattern", None, "L0662", path="books/*.txt"),
    text("empty", b"", "L0617"),
    text("a mark and nothing else", b"\xef\xbb\xbf", "L0617", when="run"),
    text("blank", b" \n\n\t\n", "L0617", when="run"),
    text("UTF-16", "吾輩は猫である".encode("utf-16"), "L0612", "books/a.txt", "0xff", helps=("utf_16",)),
    text(
        "UTF-16 without a mark",
        "It was a dark night.\n".encode("utf-16-le"),
        "L0635",
        "books/a.txt",
        "1",
        helps=("utf_16",),
    ),
    text("NUL", b"one\ntwo\0three", "L0635", "books/a.txt", "2"),
    text("invalid UTF-8", b"good text, then \xff\xfe", "L0612", "books/a.txt", "0xff", "16"),
    text("cut within a character", "猫".encode()[:2], "L0612", "books/a.txt"),
    text("Shift JIS", "吾輩は猫である".encode("shift_jis"), "L0612", "books/a.txt", helps=("shift_jis",)),
    text("a folder", lambda path: path.mkdir(), "L0663", helps=("books/a.txt/*",)),
    text("a FIFO", lambda path: os.mkfifo(path), "L0666"),
    text("a device", link("/dev/zero"), "L0661"),
    text("a link to nowhere", link("nowhere.txt"), "L0662"),
    text("a link to itself", link("a.txt"), "L0662"),
    text("a link to outside", link("/etc/hostname"), "L0661"),
    text("a path to outside", None, "L0661", path="../../etc/hostname"),
    text("an absolute path", None, "L0661", path="/etc/hostname"),
    text("cut gzip", gzip.compress(NOISE)[:-900], "L0613", path="books/a.txt.gz"),
    text("gzip that is none", b"plain text", "L0613", path="books/a.txt.gz"),
    text(
        "gzip with a flipped byte",
        gzip.compress(NOISE)[:9000] + b"X" + gzip.compress(NOISE)[9001:],
        "L0613",
        path="a.gz",
    ),
    text("a gzip bomb", bomb(128 << 20), "L0614", path="books/a.txt.gz", when="run"),
    text("zst that is none", b"plain text", "L0613", path="books/a.txt.zst"),
    text("a pickle", b"\x80\x04\x95\xff", "L0612"),
    rows("a gigabyte on one line", "jsonl", "a.jsonl", gigabyte, "L0630", "a.jsonl"),
    rows("a gigabyte without a separator", "csv", "a.csv", gigabyte, "L0635", "a.csv"),
    rows("an empty JSONL", "jsonl", "a.jsonl", b"", "L0617"),
    rows("a JSONL of blank lines", "jsonl", "a.jsonl", b"\n \n\n", "L0617", when="run"),
    rows("CSV called JSONL", "jsonl", "a.jsonl", b"text,label\nfine,1\n", "L0618", "a.jsonl", "text,label"),
    rows("a JSON list", "jsonl", "a.jsonl", b'[{"text": "a"},\n{"text": "b"}]\n', "L0618", "a.jsonl"),
    rows("a JSONL in UTF-16", "jsonl", "a.jsonl", '{"text": "a"}\n'.encode("utf-16"), "L0612", "a.jsonl", "0xff"),
    rows("a pickle called JSONL", "jsonl", "a.jsonl", PICKLE, "L0618", "a.jsonl"),
    rows("a header without rows", "csv", "a.csv", b"text,label\n", "L0617", when="run"),
    rows("JSON called CSV", "csv", "a.csv", ROWS, "L0620", "a.csv", at="csv", helps=("text = ",)),
    rows("Parquet called CSV", "csv", "a.csv", PAR, "L0612", "a.csv"),
    rows("garbage called Parquet", "parquet", "a.parquet", NOISE, "L0627", "a.parquet"),
    rows("nothing but Parquet's mark", "parquet", "a.parquet", b"PAR1", "L0627", "a.parquet"),
    rows("cut Parquet", "parquet", "a.parquet", PAR[: len(PAR) // 2], "L0627", "a.parquet"),
    rows(
        "Parquet with a wrong length", "parquet", "a.parquet", PAR[:-8] + b"\xff\xff\xff\x7fPAR1", "L0627", "a.parquet"
    ),
    rows("a pickle called Parquet", "parquet", "a.parquet", b"PAR1" + PICKLE + b"PAR1", "L0627", "a.parquet"),
    rows("Parquet without rows", "parquet", "a.parquet", parquet(text=[]), "L0617", when="run"),
    rows("an empty file called Parquet", "parquet", "a.parquet", b"", "L0617"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file_that_is_not_what_it_should_be(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    judge(tmp_path, case)
