"""`llx.lock`: what a run stands on is written down, and `--locked` runs with nothing else."""

from __future__ import annotations

import json
import platform
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from llx import __version__
from llx.runtime.ledger import Ledger
from llx.runtime.lock import NAME, differences, read, text_of
from llx.runtime.versions import Package, Versions, text_digest

if TYPE_CHECKING:
    from .conftest import Project

LIBRARY = "use llx-lab\nparam upto = 3\ndata few = lab.numbers(upto)\n"
EXPERIMENT = 'use llx-lab\nimport "sub/lib.llx" as lib\neval one = lab.mean(lib.few)\n'


@pytest.fixture(autouse=True)
def files(project: Project) -> None:
    (project.root / "sub").mkdir()
    project.write(LIBRARY, "sub/lib.llx")
    project.write(EXPERIMENT)


def lock(project: Project) -> dict[str, Any]:
    return tomllib.loads((project.root / NAME).read_text(encoding="utf-8"))


def run(project: Project, *args: str) -> tuple[int, str]:
    code, _, err = project.llx("run", "lab.llx", *args)
    return code, err


def edit_lock(project: Project, old: str, new: str) -> None:
    path = project.root / NAME
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_run_writes_down_what_it_stands_on(project: Project) -> None:
    assert run(project) == (0, "")
    section = lock(project)["experiment"]["lab.llx"]
    assert section["packages"]["llx-lang"]["version"] == __version__
    assert section["packages"]["python"] == {"version": platform.python_version()}
    assert section["packages"]["torch"]["version"]
    assert section["packages"]["llx-lab"]["version"] == "0.2"
    assert section["packages"]["llx-lab"]["digest"].startswith("sha256:")
    assert section["files"] == {"lab.llx": text_digest(EXPERIMENT), "sub/lib.llx": text_digest(LIBRARY)}
    ledger = Ledger(project.root / ".llx")
    (row,) = ledger.runs()
    assert ledger.versions(row.id).as_json() == section
    folder = project.root / ".llx" / "runs" / row.id
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert next(one for one in events if one.get("event") == "run_started")["versions"] == section
    assert (folder / "imported" / "sub" / "lib.llx").read_text() == LIBRARY
    assert "llx-lab 0.2" in project.llx("show")[1]


def test_experiments_of_a_project_share_the_lock(project: Project) -> None:
    assert run(project)[0] == 0
    first = (project.root / NAME).read_text()
    project.write(EXPERIMENT + "# another\n", "sub/other.llx")
    (project.root / "sub/sub").mkdir()
    project.write(LIBRARY, "sub/sub/lib.llx")
    assert project.llx("run", "sub/other.llx")[0] == 0
    assert list(lock(project)["experiment"]) == ["lab.llx", "sub/other.llx"]
    assert first.splitlines()[-1] in (project.root / NAME).read_text()
    (project.root / "sub/other.llx").unlink()
    project.write(EXPERIMENT + "# changed\n")
    assert run(project)[0] == 0
    assert list(lock(project)["experiment"]) == ["lab.llx"]


def test_the_lock_is_written_only_when_something_changed(project: Project) -> None:
    run(project)
    path = project.root / NAME
    before = path.stat()
    assert run(project)[0] == 0
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_locked_runs_with_what_is_locked(project: Project) -> None:
    run(project)
    assert run(project, "--locked", "--store", str(project.root / "other")) == (0, "")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"llx-lab" = { version = "0.2"', '"llx-lab" = { version = "0.1"', "`llx-lab` is 0.2 (sha256:"),
        ('"numpy" = { version = "', '"numpy" = { version = "1.', "`numpy` is "),
        ('"python" =', '"gone" = { version = "3" }\n"python" =', "`gone` (3 in the lock) is not there"),
        ('"python" =', '"snake" =', "is not in the lock"),
    ],
)
def test_a_difference_is_refused_and_named(project: Project, old: str, new: str, expected: str) -> None:
    run(project)
    edit_lock(project, old, new)
    locked = (project.root / NAME).read_text()
    code, err = run(project, "--locked", "--store", "other")
    assert code == 1
    assert "L0860" in err
    assert expected in err
    assert not (project.root / "other").exists()
    assert (project.root / NAME).read_text() == locked


def test_a_changed_file_is_named_with_the_import(project: Project) -> None:
    run(project)
    project.write(LIBRARY + "# changed\n", "sub/lib.llx")
    code, err = run(project, "--locked")
    assert code == 1
    assert "`sub/lib.llx` has another content" in err
    assert run(project) == (0, "")
    assert run(project, "--locked") == (0, "")


def test_a_plugin_whose_code_changed_without_a_version_is_named(project: Project) -> None:
    run(project)
    import llx_lab_plugin

    source = Path(llx_lab_plugin.__file__)
    source.write_text(source.read_text() + "# changed\n")
    code, err = run(project, "--locked")
    assert code == 1
    assert "`llx-lab` is 0.2 (sha256:" in err
    assert "lab.llx:1:" in err


def test_without_a_lock_nothing_is_locked(project: Project) -> None:
    code, err = run(project, "--locked")
    assert code == 1
    assert "L0861" in err
    assert not (project.root / NAME).exists()


def test_a_lock_that_is_damaged_is_left_as_it_is(project: Project) -> None:
    text = "<<<<<<< HEAD\nformat = 1\n"
    (project.root / NAME).write_text(text)
    code, err = run(project)
    assert code == 0
    assert "warning[L0862]" in err
    assert (project.root / NAME).read_text() == text
    assert "error[L0862]" in run(project, "--locked")[1]


def test_a_lock_that_cannot_be_written_costs_a_warning(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, text: str) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("llx.runtime.lock.write_text", refuse)
    code, err = run(project)
    assert code == 0
    assert "warning[L0863]" in err


def test_names_of_all_sorts_are_read_as_they_were_written(tmp_path: Path) -> None:
    digest = "sha256:" + "0" * 64
    versions = Versions({"a-b.c": Package("1.0+cu130", digest), "p": Package('2"')}, {'日本 語/"x"\\y\x7f.llx': digest})
    text = text_of({"実験.llx": versions, "a.b": versions})
    (tmp_path / NAME).write_text(text, encoding="utf-8")
    assert read(tmp_path) == {"a.b": versions, "実験.llx": versions}
    assert text_of(read(tmp_path)) == text


def test_differences_are_named_both_ways() -> None:
    one = Versions({"a": Package("1"), "b": Package("1", "x")}, {"f": "1"})
    two = Versions({"b": Package("1", "y"), "c": Package("3")}, {"f": "1", "g": "2"})
    found = [(one.name, one.text.key) for one in differences(one, two)]
    assert found == [("a", "L0860.gone"), ("b", "L0860.package"), ("c", "L0860.new"), ("g", "L0860.new")]
