"""Paths in files: where they start, what they may name, and that they stay in the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from llx.dsl.check import check_file, find_root

from .fake import FakeCatalogue, checked, codes


@pytest.fixture
def root(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    (project / "books" / "old").mkdir(parents=True)
    (project / "books" / "a.txt").write_text("x")
    (project / "books" / "old" / "b.txt").write_text("x")
    (project / "books" / "old" / "[1].md").write_text("x")
    (tmp_path / "outside.txt").write_text("x")
    return project


def files(text: str, root: Path, folder: str = "") -> object:
    """Give the resolved path, or the codes."""
    result = checked(f"data d = {text}", root, folder=folder)
    return result.program.declarations["d"].value.arguments.popitem()[1] if result.program else codes(result)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('text("books/a.txt")', "books/a.txt"),
        ('text("./books/../books/a.txt")', "books/a.txt"),
        ('text("books/*.txt")', "books/*.txt"),
        ('text("books/?.txt")', "books/?.txt"),
        ('text("**/*.txt")', "**/*.txt"),
        ('text("**/b.txt")', "**/b.txt"),
        ('text("books/**")', "books/**"),
        ('text("*/old/*.md")', "*/old/*.md"),
        ('text("books/old/[1].md")', "books/old/[1].md"),
        ('text("books/[ab].txt")', 'L0662 "books/[ab].txt"'),
        ('text("books/*.csv")', 'L0662 "books/*.csv"'),
        ('text("books/c.txt")', 'L0662 "books/c.txt"'),
        ('text("bocks/*.txt")', 'L0662 "bocks/*.txt"'),
        ('text("books")', 'L0663 "books"'),
        ('text("")', 'L0660 ""'),
        ('text("../outside.txt")', 'L0661 "../outside.txt"'),
        ('text("../*.txt")', 'L0661 "../*.txt"'),
        ('text("/etc/passwd")', 'L0661 "/etc/passwd"'),
        ('csv("books/*.txt")', 'L0662 "books/*.txt"'),
        ('folder("books")', "books"),
        ('folder("books/a.txt")', 'L0665 "books/a.txt"'),
        ('folder("bocks")', 'L0662 "bocks"'),
        ('folder(".")', "."),
    ],
)
def test_what_paths_name(text: str, expected: str, root: Path) -> None:
    assert files(text, root) == expected


def test_paths_start_at_the_folder_of_the_file(root: Path) -> None:
    assert files('text("a.txt")', root, "books") == "books/a.txt"
    assert files('text("../books/*.txt")', root, "books") == "books/*.txt"
    assert files('text("../../outside.txt")', root, "books") == 'L0661 "../../outside.txt"'


def link_named(text: str, root: Path) -> object:
    """Give what is said to lead out of the project."""
    return checked(f"data d = {text}", root).diagnostics[0].message.values["path"]


def test_links_that_leave_the_project(root: Path) -> None:
    (root / "link.txt").symlink_to(root.parent / "outside.txt")
    (root / "linked").symlink_to(root.parent)
    (root / "inner.txt").symlink_to(root / "books" / "a.txt")
    assert files('text("link.txt")', root) == 'L0661 "link.txt"'
    assert files('text("lin*.txt")', root) == 'L0661 "lin*.txt"'
    assert files('text("linked/*.txt")', root) == 'L0661 "linked/*.txt"'
    assert files('text("linked/outside.txt")', root) == 'L0661 "linked/outside.txt"'
    assert files('text("inner.txt")', root) == "inner.txt"
    assert link_named('text("lin*.txt")', root) == "link.txt"
    assert link_named('text("linked/*.txt")', root) == "linked"


def test_hidden_files_are_found_by_their_names_alone(root: Path) -> None:
    (root / ".llx").mkdir()
    (root / ".llx" / "kept.md2").write_text("x")
    assert files('text("**/*.md2")', root) == 'L0662 "**/*.md2"'
    assert files('text(".llx/kept.md2")', root) == ".llx/kept.md2"


def test_a_name_with_a_star(root: Path) -> None:
    (root / "a*b.txt").write_text("x")
    assert files('text("a*b.txt")', root) == "a*b.txt"


def test_a_link_in_a_circle(root: Path) -> None:
    (root / "books" / "loop").symlink_to(root / "books")
    (root / "self").symlink_to(root / "self")
    assert files('text("books/**/*.txt")', root) == "books/**/*.txt"
    assert files('text("books/**/*.none")', root) == 'L0662 "books/**/*.none"'
    assert files('text("self")', root) == 'L0662 "self"'
    assert files('text("sel*")', root) == 'L0662 "sel*"'
    assert files(f'text("{"x" * 5000}")', root).startswith("L0664")


def test_a_pipe_is_no_file(root: Path) -> None:
    os.mkfifo(root / "fifo")
    assert files('text("fifo")', root) == 'L0666 "fifo"'


def test_targets_need_not_be_there(root: Path) -> None:
    base = 'import "x" as lost\nexport e = save(lost, to = "%s")'
    assert [c for c in codes(checked(base % "out/x", root)) if "L0250" not in c] == []
    assert [c for c in codes(checked(base % "../x", root)) if "L0250" not in c] == ['L0661 "../x"']
    (root / "out").symlink_to(root.parent)
    assert [c for c in codes(checked(base % "out/x", root)) if "L0250" not in c] == ['L0661 "out/x"']


def test_similar_files_are_named(root: Path) -> None:
    def help_for(path: str) -> object:
        (one,) = [d for d in checked(f'data d = text("{path}")', root).diagnostics if d.is_error]
        return one.helps[0].values.get("similar")

    assert help_for("books/aa.txt") == "books/a.txt"
    assert help_for("bocks/*.txt") == "books/*.txt"


def test_a_folder_that_can_not_be_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "old":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    result = checked('data d = text("books/old/*.txt")', root)
    assert codes(result)[0] == 'L0664 "books/old/*.txt"'
    assert result.diagnostics[0].message.values["where"] == "books/old"


def test_names_of_files_from_lets(root: Path) -> None:
    result = checked('let name = "a"\nlet ext = ".txt"\nlet f = "books/${name}${ext}"\ndata d = text(f)', root)
    assert result.program is not None
    assert result.program.declarations["d"].value.files == "books/a.txt"


def test_the_root_of_a_project(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "llx.lock").touch()
    assert find_root(deep / "x.llx") == tmp_path
    (tmp_path / "a" / ".llx").mkdir()
    assert find_root(deep / "x.llx") == tmp_path / "a"


def test_checking_a_file(root: Path) -> None:
    file = root / "e.llx"
    file.write_text('data d = text("books/a.txt")\n')
    result = check_file(file, FakeCatalogue())
    assert codes(result) == ["L0905"]
    missing = check_file(root / "f.llx", FakeCatalogue())
    assert (missing.program, [one.code for one in missing.diagnostics]) == (None, ["L0651"])
