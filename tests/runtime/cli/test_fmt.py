"""`llx fmt`: which files, what is written, and the exit codes."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from llx.runtime.cli.main import main

Run = Callable[..., tuple[int, str, str]]

LOOSE = "let  a=1\nlet bb=  2\n"
TIDY = "let a  = 1\nlet bb = 2\n"


@pytest.fixture
def fmt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Give a function that runs `llx fmt` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLX_LANG", "en")

    def run(*args: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as end:
            main(["fmt", *args])
        out, err = capsysbinary.readouterr()
        return int(end.value.code or 0), out.decode("utf-8"), err.decode("utf-8")

    return run


def test_files_are_written_anew(fmt: Run, tmp_path: Path) -> None:
    for name, text in {
        "a.llx": LOOSE,
        "b.llx": TIDY,
        "sub/c.llx": LOOSE,
        ".hidden/d.llx": LOOSE,
        "e.txt": LOOSE,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert fmt() == (
        0,
        f"reformatted a.llx\nreformatted {Path('sub') / 'c.llx'}\n",
        "2 files reformatted, 1 file in the canonical layout\n",
    )
    assert (tmp_path / "a.llx").read_text() == TIDY
    assert (tmp_path / "sub" / "c.llx").read_text() == TIDY
    assert (tmp_path / ".hidden" / "d.llx").read_text() == LOOSE
    assert fmt(".", "a.llx") == (0, "", "3 files in the canonical layout\n")


def test_check_and_diff_write_nothing(fmt: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.llx"
    file.write_text(LOOSE)
    assert fmt("--check", "a.llx") == (1, "would reformat a.llx\n", "1 file would be reformatted\n")
    code, out, err = fmt("--diff", "a.llx")
    assert (code, err) == (1, "1 file would be reformatted\n")
    assert out.splitlines()[3:] == ["-let  a=1", "-let bb=  2", "+let a  = 1", "+let bb = 2"]
    assert file.read_text() == LOOSE
    file.write_text(TIDY)
    assert fmt("--check", "--diff", "a.llx") == (0, "", "1 file in the canonical layout\n")


def test_stdin_goes_to_stdout(fmt: Run) -> None:
    assert fmt("-", stdin=LOOSE.encode()) == (0, TIDY, "")
    assert fmt("-", stdin="\ufefflet 小説=1\r\n".encode()) == (0, "let 小説 = 1\r\n", "")
    assert fmt("-", "--check", stdin=LOOSE.encode()) == (1, "", "")
    assert fmt("-", "--check", stdin=TIDY.encode()) == (0, "", "")
    code, out, err = fmt("-", stdin=b"let a =")
    assert (code, out) == (1, "")
    assert "error[L0101]" in err
    assert fmt("-", "a.llx")[0] == 2


def test_a_file_with_mistakes_is_left_alone_and_the_others_are_not(fmt: Run, tmp_path: Path) -> None:
    (tmp_path / "a.llx").write_text("let  a =")
    (tmp_path / "b.llx").write_text(LOOSE)
    (tmp_path / "c.llx").write_bytes(b"\xff")
    code, out, err = fmt("a.llx", "b.llx", "c.llx", "missing.llx")
    assert (code, out) == (1, "reformatted b.llx\n")
    assert [code for code in ("L0101", "L0656", "L0651") if code not in err] == []
    assert err.endswith("1 file reformatted, 3 files left alone\n")
    assert (tmp_path / "a.llx").read_text() == "let  a ="


def test_permissions_and_links_stay(fmt: Run, tmp_path: Path) -> None:
    file, link = tmp_path / "a.llx", tmp_path / "link.llx"
    file.write_text(LOOSE)
    file.chmod(0o640)
    link.symlink_to(file)
    assert fmt("link.llx")[0] == 0
    assert file.read_text() == TIDY
    assert link.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.llx", "link.llx"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cant_be_written(fmt: Run, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.llx").write_text(LOOSE)
    (tmp_path / "sub").chmod(0o500)
    try:
        code, out, err = fmt("sub")
    finally:
        (tmp_path / "sub").chmod(0o700)
    assert (code, out) == (1, "")
    assert "can't be written" in err
    assert err.endswith("1 file left alone\n")


def test_nothing_to_format(fmt: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fmt() == (0, "", "no .llx file in .\n")
    monkeypatch.setenv("LLX_LANG", "ja")
    assert fmt() == (0, "", ". に .llx ファイルがありません\n")
