"""`llx check`: fixes, formats, several files, and watching."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from llx.dsl.diagnostics.model import Fix
from llx.dsl.source import Source, Span
from llx.runtime import fixing
from llx.runtime.cli import watch

if TYPE_CHECKING:
    from .conftest import Project

BAD = """experiment x {}
use llx-lab
data a = lab.numbers(Upto: 3)
eval b = lab.mean(a, fail = True crash = flase)
"""
SAFE = BAD.replace("Upto:", "upto =").replace("True crash", "true, crash")


def text_of(project: Project) -> str:
    return (project.root / "lab.llx").read_bytes().decode()


def test_fix_applies_what_is_certain_and_tells_what_is_left(project: Project) -> None:
    project.write(BAD)
    code, out, err = project.llx("check", "lab.llx", "--fix")
    assert (code, out) == (1, "")
    assert text_of(project) == SAFE
    assert "flase" in err
    assert err.endswith("fixed 4, 1 left (1 with a fix that is only likely: --unsafe-fixes)\n")


def test_unsafe_fixes_apply_the_likely_ones_too(project: Project) -> None:
    project.write(BAD.replace("flase", "no"))
    code, out, err = project.llx("check", "lab.llx", "--unsafe-fixes")
    assert (code, err) == (0, "fixed 5, 0 left\n")
    assert out == "lab.llx: no mistakes\n"
    assert text_of(project) == SAFE.replace("flase", "false")


def test_fixes_that_come_to_no_end_leave_the_file_alone(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def growing(_: object, source: Source, __: bool) -> list[Fix]:
        return [Fix(Span(source, len(source.text), len(source.text)), "\n")]

    monkeypatch.setattr(fixing, "applicable", growing)
    monkeypatch.setattr(fixing, "ROUNDS", 3)
    project.write(BAD)
    fixed = fixing.fix(project.root / "lab.llx")
    assert (fixed.text, fixed.count, fixed.changed) == (BAD, 0, False)
    assert {one.code for one in fixed.checked.diagnostics} >= {"L0101"}


def test_diff_shows_the_change_and_writes_nothing(project: Project) -> None:
    project.write(BAD)
    code, out, err = project.llx("check", "lab.llx", "--fix", "--diff")
    assert code == 1
    assert text_of(project) == BAD
    assert out.splitlines()[:3] == ["--- lab.llx", "+++ lab.llx", "@@ -1,4 +1,4 @@"]
    assert "-data a = lab.numbers(Upto: 3)\n" in out
    assert "+data a = lab.numbers(upto = 3)\n" in out
    assert err.startswith("would fix 4, 1 would be left")


def test_nothing_to_fix_leaves_the_file_alone(project: Project) -> None:
    project.write(SAFE.replace("flase", "false"))
    before = (project.root / "lab.llx").stat()
    code, out, err = project.llx("check", "lab.llx", "--fix")
    assert (code, out, err) == (0, "lab.llx: no mistakes\n", "fixed 0, 0 left\n")
    after = (project.root / "lab.llx").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert project.llx("check", "lab.llx", "--diff")[0] == 0


def test_a_file_that_cannot_be_read_is_told_of(project: Project) -> None:
    code, _, err = project.llx("check", "none.llx", "--fix")
    assert code == 1
    assert "L0651" in err
    assert not (project.root / "none.llx").exists()


def test_a_rewritten_file_keeps_its_mode_its_mark_and_its_line_ends(project: Project) -> None:
    path = project.root / "lab.llx"
    path.write_bytes(b"\xef\xbb\xbf" + SAFE.replace("flase", "False").replace("\n", "\r\n").encode())
    path.chmod(0o640)
    link = project.root / "link.llx"
    link.symlink_to("lab.llx")
    assert project.llx("check", "link.llx", "--fix")[0] == 0
    assert link.is_symlink()
    assert path.read_bytes() == b"\xef\xbb\xbf" + SAFE.replace("flase", "false").replace("\n", "\r\n").encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_file_that_cannot_be_written_is_told_of(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(BAD)

    def denied(*args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.fsync", denied)
    code, _, err = project.llx("check", "lab.llx", "--fix")
    assert code == 1
    assert "error[L0872]: `lab.llx` can't be written: Permission denied" in err
    assert text_of(project) == BAD
    assert [path.name for path in project.root.iterdir() if path.name != ".llx"] == ["lab.llx"]


def test_a_file_that_changed_meanwhile_is_left_alone(project: Project) -> None:
    from llx.runtime.fixing import fix, write

    project.write(BAD)
    fixed = fix(project.root / "lab.llx")
    project.write("mine")
    assert not write(fixed)
    assert text_of(project) == "mine"


def test_several_files_and_folders_are_checked(project: Project) -> None:
    fine = SAFE.replace("flase", "false")
    for name in ("sub/deep/b.llx", "sub/.hidden/c.llx", "sub/a.llx"):
        (project.root / name).parent.mkdir(parents=True, exist_ok=True)
        project.write(fine, name)
    code, out, err = project.llx("check", "sub", "lab.llx")
    assert (code, err) == (0, "")
    assert out.splitlines() == [f"{name}: no mistakes" for name in ("sub/a.llx", "sub/deep/b.llx", "lab.llx")]
    code, _, err = project.llx("check", "lab.llx", "sub/a.llx", "upto=3")
    assert code == 2
    assert "Params belong to one file" in err
    assert project.llx("check", "upto=3")[0] == 2
    project.write(BAD)
    code, out, _ = project.llx("check", "sub/a.llx", "lab.llx", "--format", "json")
    files = {one["span"]["file"] for one in json.loads(out)["diagnostics"]}
    assert (code, files) == (1, {"lab.llx"})


def test_what_several_files_import_is_told_of_and_fixed_once(project: Project) -> None:
    for name in ("one.llx", "two.llx"):
        project.write('experiment x {}\nuse llx-lab\nimport "part.llx" as part\neval b = lab.mean(part.a)\n', name)
    project.write("use llx-lab\ndata a = lab.numbers(upto = 3.0)\n", "part.llx")
    files = ["one.llx", "two.llx", "part.llx"]
    code, _, err = project.llx("check", *files, "--format", "concise")
    assert code == 1
    assert err.count("L0305") == 1
    err = project.llx("check", "one.llx", "--fix")[2]
    told = "fixed 0, 1 left\nFixes of imported files are not applied; to fix these, name them: part.llx\n"
    assert err.endswith(told), "only what is named is changed"
    code, out, err = project.llx("check", *files, "--fix")
    assert code == 0
    assert "one.llx: no mistakes" in out
    assert err.startswith("warning[L0905]")
    assert err.endswith("fixed 1, 1 left\n")


def test_formats_for_services_go_to_stdout(project: Project) -> None:
    project.write(BAD)
    code, out, err = project.llx("check", "lab.llx", "--format", "github")
    assert (code, err) == (1, "")
    assert out.splitlines()[0].startswith("::error file=lab.llx,line=3,endLine=3,col=")
    code, out, err = project.llx("check", "lab.llx", "--format", "sarif")
    assert (code, err) == (1, "")
    assert json.loads(out)["runs"][0]["results"][0]["ruleId"].startswith("L0")


def test_watch_goes_with_no_fixes(project: Project) -> None:
    code, _, err = project.llx("check", "lab.llx", "--watch", "--fix")
    assert code == 2
    assert "--watch" in err


def test_what_is_watched(tmp_path: Path) -> None:
    file, data, wild = tmp_path / "a.llx", tmp_path / "data.csv", tmp_path / "books"
    wild.mkdir()
    (wild / "one.txt").write_text("1")
    part = tmp_path / "part.llx"
    part.write_text('data d = csv("data.csv")')
    file.write_text('import "part.llx" as part\ndata b = text("books/*.txt")\nmodel = broken "[')

    def names() -> set[str]:
        return {str(path.relative_to(tmp_path)) for path in watch.state([file])}

    assert names() == {"a.llx", "part.llx", "data.csv", "books/one.txt"}
    before = watch.state([file])
    assert watch.state([file]) == before
    data.write_text("text\n")
    assert watch.state([file]) != before, "a file that was missing came"
    before = watch.state([file])
    (wild / "two.txt").write_text("2")
    assert watch.state([file]).keys() - before.keys() == {wild / "two.txt"}
    file.unlink()
    assert watch.state([file]) == {file: None}


def test_watch_checks_again_after_a_change_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    file = tmp_path / "a.llx"
    file.write_text("experiment a { sed = 1 }\n")
    code = "from llx.runtime.cli.main import main; main()"
    environment = os.environ | {"LLX_LANG": "en", "PYTHONPATH": os.pathsep.join(sys.path)}
    running = subprocess.Popen(
        [sys.executable, "-c", code, "check", str(file), "--watch", "--format", "concise"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        # A shell that runs the tests in the background lets them ignore Ctrl-C, and what they start too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert running.stdout is not None

    def read_until(what: str) -> str:
        seen = ""
        assert running.stdout is not None
        while what not in seen:
            line = running.stdout.readline()
            assert line, seen
            seen += line
        return seen

    try:
        assert "L0203" in read_until("watching 1 file")
        # In one step: a file that is emptied and then written may be checked in between.
        changed = tmp_path / "changed"
        changed.write_text("experiment a { device = 3 }\n")
        changed.replace(file)
        again = read_until("watching 1 file")
        assert "L0203" not in again
        assert "\x1b" not in again, "a pipe is not cleared"
        time.sleep(0.1)
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
    finally:
        running.kill()
        running.stdout.close()
