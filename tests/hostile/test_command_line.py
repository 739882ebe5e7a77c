"""The command line on hostile files, each in a process of its own: no traceback, the right exit code, in bounds."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from .lab import CANARY, Content, put

_CODE = """
import atexit, pathlib
from llx.runtime.cli.main import main
# What the system tells of a child's memory holds that of its parent before the new program was loaded.
atexit.register(lambda: pathlib.Path("status").write_bytes(pathlib.Path("/proc/self/status").read_bytes()))
main()
"""
COMMAND = [sys.executable, "-c", _CODE]
SECONDS = 2.0
"""Processor time that an answer may take."""
MEMORY = 500 * 2**20
_PLACE = re.compile(r"case\.llx:\d+:\d+")


@dataclass(frozen=True)
class Answer:
    """How a command ended, and what it took."""

    code: int
    output: str
    seconds: float
    memory: int


def llx(root: Path, *arguments: str, **environment: str) -> Answer:
    """Run a command in a project, and measure it."""
    log = root / "output.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=root,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    spent = usage.ru_utime + usage.ru_stime
    peak = re.search(r"VmHWM:\s+(\d+) kB", (root / "status").read_text())
    assert peak is not None
    return Answer(process.returncode, log.read_text("utf-8", "replace"), spent, int(peak[1]) * 1024)


def within_bounds(answer: Answer) -> None:
    assert "Traceback" not in answer.output, answer.output
    assert "L0899" not in answer.output, answer.output
    assert answer.seconds < SECONDS, answer.output
    assert answer.memory < MEMORY, f"{answer.memory >> 20} MiB"
    assert len(answer.output) < 20_000, "nobody reads that much"


FIFO = os.mkfifo
TEXT = 'data books = text("book.txt")\ntokenizer letters = characters(books)\n'
EXPERIMENTS: dict[str, tuple[Content, str, bool]] = {
    # The content, a word of the answer, and whether it has a place in the file.
    "empty": (b"", "L0905", False),
    "a mark and line ends of Windows": (b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode(), "L0905", False),
    "a zero byte": (TEXT.encode() + b"\0", "L0655", True),
    "invalid UTF-8": (TEXT.encode() + b"# \xff\n", "L0656", True),
    "UTF-16": (TEXT.encode("utf-16"), "L0657", False),
    "a zero-width blank": (TEXT.replace("books =", "books\u200b =").encode(), "U+200B", True),
    "text that turns around": (TEXT.replace("# ", "").replace("books =", "\u202ebooks =").encode(), "U+202E", True),
    "a look-alike": (TEXT.replace("data", "d\u0430ta", 1).encode(), "case.llx:1:", True),
    "5 MB": (b"#" * 5_000_000, "L0654", False),
    "deep nesting": (b"let a = " + b"[" * 100_000 + b"]" * 100_000, "L0109", True),
    "900 open brackets": (b"let a = " + b"(" * 900 + b"1" + b")" * 900, "L0109", True),
    "a number without end": (b"let a = " + b"9" * 5000, "L0107", True),
    "a number that is infinite": (b"let a = 1e999", "L0107", True),
    "a key twice": (b"model m = decoder { layers = 1, layers = 2 }", "L0205", True),
    "a circle": (b"let a = b\nlet b = a", "L0401", True),
    "__import__": (b'data d = __import__("os").system("touch canary")', "case.llx:1:", True),
    "os.system": (b'data d = os.system("touch canary")', "case.llx:1:", True),
    "eval": (b"let a = eval(\"__import__('os').system('touch canary')\")", "case.llx:1:", True),
    "a class of Python": (b"model m = torch.nn.Linear { in_features = 1 }", "case.llx:1:", True),
    "a hole with code": (b'let a = "${().__class__.__bases__[0]}"', "case.llx:1:", True),
    "a shell in a distribution": (b"use llx-x$(touch canary)", "case.llx:1:", True),
    "a distribution by path": (b"use ../evil", "case.llx:1:", True),
    "a pickle": (b"cos\nsystem\n(S'touch canary'\ntR.", "case.llx:1:", True),
    "a FIFO": (FIFO, "L0653", False),
    "a folder": (lambda path: path.mkdir(), "L0652", False),
    "a link to a device": (lambda path: path.symlink_to("/dev/zero"), "L0653", False),
    "an import of itself": (b'import "case.llx" as me', "case.llx:1:", True),
    "a bomb of holes": (
        b'let a = "' + b"x" * 1000 + b'"\n'
        + b"".join(b'let a%d = "${a%s}${a%s}${a%s}${a%s}"\n' % (n, p, p, p, p) for n in range(1, 30)
                   for p in [b"" if n == 1 else b"%d" % (n - 1)])
        + b"tokenizer t = characters(text(a29))\n", "case.llx:", True),
    "a bomb of lists": (
        b"let a = [1, 1, 1, 1, 1, 1, 1, 1]\n"
        + b"".join(b"let a%d = [a%s, a%s, a%s, a%s]\n" % (n, p, p, p, p) for n in range(1, 30)
                   for p in [b"" if n == 1 else b"%d" % (n - 1)]), "case.llx:", True),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_that_is_none(name: str, tmp_path: Path) -> None:
    content, says, placed = EXPERIMENTS[name]
    put(tmp_path / "case.llx", content)
    (tmp_path / "book.txt").write_text("It was dark.")
    for language in ("en", "ja"):
        answer = llx(tmp_path, "check", "case.llx", LLX_LANG=language)
        within_bounds(answer)
        assert answer.code == (0 if says == "L0905" else 1), answer.output
        assert says in answer.output
        assert bool(_PLACE.search(answer.output)) == placed, answer.output
    assert not (tmp_path / CANARY).exists()


def gigabyte(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b'{"text": "')
        file.truncate(1 << 30)


def endless(path: Path) -> None:
    """Write a line of 900 MB that no hole in the file makes cheap to read over."""
    with path.open("wb") as file:
        file.truncate(900 << 20)


DATA: dict[str, tuple[str, Mapping[str, Content], str, str]] = {
    # The reader, its files, the code, and whether a check finds it or only the run.
    "a gigabyte on one line": ('jsonl("a.jsonl")', {"a.jsonl": gigabyte}, "L0630", "check"),
    "a gigabyte of CSV": ('csv("a.csv")', {"a.csv": gigabyte}, "L0635", "check"),
    "a gigabyte of text": ('text("a.txt")', {"a.txt": endless}, "L0635", "check"),
    "a bomb": ('text("a.txt.gz")', {"a.txt.gz": gzip.compress(b" " * (256 << 20), 9)}, "L0614", "run"),
    "a bomb of lines": ('jsonl("a.jsonl.gz")', {"a.jsonl.gz": gzip.compress(b"\n" * (256 << 20), 9)}, "L0614", "run"),
    "a bomb of commas": ('csv("a.csv.gz")', {"a.csv.gz": gzip.compress(b"," * (256 << 20), 9)}, "L06", "check"),
    "a bad line": ('jsonl("a.jsonl")', {"a.jsonl": b'{"text": "a"}\n{"text": "b"'}, "L0618", "check"),
    "a missing file": ('text("none.txt")', {}, "L0662", "check"),
    "a FIFO": ('text("a.txt")', {"a.txt": FIFO}, "L0666", "check"),
    "garbage": ('parquet("a.parquet")', {"a.parquet": os.urandom(100_000)}, "L0627", "check"),
}


@pytest.mark.parametrize("name", DATA)
def test_data_that_is_none(name: str, tmp_path: Path) -> None:
    data, files, says, when = DATA[name]
    for file, content in files.items():
        put(tmp_path / file, content)
    (tmp_path / "case.llx").write_text(f"data rows = {data}\ntokenizer letters = characters(rows)\n")
    for command, *more in (["check"], ["run", "--only", "letters"]):
        answer = llx(tmp_path, command, "case.llx", *more, LLX_LANG="ja")
        within_bounds(answer)
        if (command, when) == ("check", "run"):
            assert answer.code == 0, answer.output
        else:
            assert answer.code == 1, answer.output
            assert says in answer.output, answer.output
            assert "case.llx:1:" in answer.output


def test_a_failure_in_a_run_tells_no_traceback_unless_asked(tmp_path: Path) -> None:
    # Too large to be read to its end by the check.
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "a"}\n' * 20_000 + b"broken\n")
    (tmp_path / "case.llx").write_text('data rows = jsonl("a.jsonl")\ntokenizer letters = characters(rows)\n')
    answer = llx(tmp_path, "run", "case.llx", "--only", "letters")
    within_bounds(answer)
    assert answer.code == 1
    for word in ("L0618", "a.jsonl", "20001", "broken", "case.llx:1:"):
        assert word in answer.output, answer.output
    asked = llx(tmp_path, "run", "case.llx", "--only", "letters", "--traceback")
    assert "Traceback" in asked.output


def test_a_full_disk_has_its_own_exit_code(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=False, capture_output=True
    ).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        (tmp_path / "a.txt").write_text("It was dark. " * 100)
        (tmp_path / "case.llx").write_text('data books = text("a.txt")\ntokenizer letters = characters(books)\n')
        answer = llx(tmp_path, "run", "case.llx", "--only", "letters", "--store", str(disk / "store"))
        within_bounds(answer)
        assert answer.code == 3, answer.output
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_secrets_of_the_environment_are_not_recorded(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("It was dark. " * 100)
    (tmp_path / "case.llx").write_text('data books = text("a.txt")\ntokenizer letters = characters(books)\n')
    answer = llx(tmp_path, "run", "case.llx", "--only", "letters", API_TOKEN="verysecretvalue")
    assert answer.code == 0, answer.output
    for path in (tmp_path / ".llx").rglob("*"):
        if path.is_file():
            assert b"verysecretvalue" not in path.read_bytes(), path


def test_a_path_with_blanks_quotes_and_signs_of_other_languages(tmp_path: Path) -> None:
    root = tmp_path / "実験 with 'quotes' & $(touch canary)"
    root.mkdir()
    (root / '本 "1".txt').write_text("It was dark. " * 100)
    (root / "case.llx").write_text('data books = text("本 *.txt")\ntokenizer letters = characters(books)\n')
    answer = llx(root, "run", "case.llx", "--only", "letters")
    within_bounds(answer)
    assert answer.code == 0, answer.output
    assert not list(tmp_path.rglob(CANARY))
