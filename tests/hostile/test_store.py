"""A store that is full, read-only, gone or damaged: nothing is lost, and damage is never taken for a result."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from llx.runtime import face
from llx.runtime.events import Event, TaskFinished
from llx.runtime.results import RunResult

from .lab import errors, good

EXPERIMENT = """
experiment hostile {}
data books = text("books/*.txt")
data parts = books |> split(validation = 30%)
tokenizer letters = characters(parts.train)
"""
ONLY = ["letters"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "books").mkdir()
    for number in range(20):
        (tmp_path / "books" / f"{number}.txt").write_text(f"It was dark and stormy, night {number}. " * 20)
    path = tmp_path / "case.llx"
    path.write_text(EXPERIMENT, encoding="utf-8")
    return path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of 1 MiB, where this machine lets one be made."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("no disk can be mounted here")
    yield disk
    subprocess.run(["umount", "-l", disk], capture_output=True, check=True)


def run(file: Path, **more: object) -> RunResult:
    return face.run(file, only=ONLY, **more)  # type: ignore[arg-type]


def artifacts(file: Path) -> dict[str, Path]:
    """Give the folders of the artifacts by label."""
    found = {}
    for manifest in (file.parent / ".llx" / "artifacts").rglob("manifest.json"):
        found[json.loads(manifest.read_text(encoding="utf-8"))["label"]] = manifest.parent
    return found


# No room


def test_a_disk_without_room_is_told_before_anything_starts(file: Path, small_disk: Path) -> None:
    result = run(file, store=small_disk / "store")
    [found] = errors(result.diagnostics)
    assert (result.exit_code, found.code) == (3, "L0812")
    good(found, None, ("MB", str(small_disk)), ("llx gc", "--store"))


def test_a_disk_that_fills_up_keeps_what_was_finished(
    file: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check of free space is off, so that the system itself says that the disk is full."""
    from llx.runtime import maker

    monkeypatch.setattr(maker, "LEAST_FREE", 0)
    stuffed = small_disk / "stuffed"

    def fill(event: Event) -> None:
        if isinstance(event, TaskFinished) and event.task.label == "parts":
            with stuffed.open("wb") as out:
                out.write(bytes(os.statvfs(small_disk).f_bavail * 4096))

    result = run(file, store=small_disk / "store", listeners=lambda folder: [fill])
    [found] = errors(result.diagnostics)
    assert (result.exit_code, found.code) == (3, "L0812")
    good(found, None, (str(small_disk),), ("llx gc",))
    stuffed.unlink()
    again = run(file, store=small_disk / "store")
    assert again.ok, again.diagnostics
    assert again.ran == 1, "what was stored before the disk was full is there"


# No store


def test_a_file_in_the_place_of_the_store(file: Path) -> None:
    (file.parent / ".llx").write_text("")
    [found] = errors(run(file).diagnostics)
    assert found.code == "L0815"
    good(found, None, (".llx",), ("--store",))


def test_a_store_on_a_disk_that_can_only_be_read(file: Path, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    result = run(file, store=small_disk / "store")
    [found] = errors(result.diagnostics)
    assert (result.exit_code, found.code) == (1, "L0814")
    good(found, None, (str(small_disk), "Read-only"), ("--store",))


@pytest.mark.parametrize("name", ["artifacts", "partial"])
def test_a_link_in_the_place_of_a_folder_of_the_store(
    file: Path, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (file.parent / ".llx").mkdir()
    (file.parent / ".llx" / name).symlink_to(outside)
    [found] = errors(run(file).diagnostics)
    assert found.code == "L0815"
    good(found, None, (name,), ("--store",))
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("name", ["artifacts", "partial", "runs", "records", "ledger.sqlite", "digests.json", "lock"])
def test_something_else_in_the_place_of_what_the_store_holds(file: Path, name: str) -> None:
    (file.parent / ".llx").mkdir()
    if name in ("ledger.sqlite", "digests.json", "lock"):
        (file.parent / ".llx" / name).mkdir()
    else:
        (file.parent / ".llx" / name).write_text("no folder")
    result = run(file)
    for found in errors(result.diagnostics):
        assert found.code in ("L0814", "L0815"), found
        good(found, None, (".llx",), ("--store",))
    if result.ok:
        assert run(file).ran == 0


@pytest.mark.parametrize("name", ["ledger.sqlite", "digests.json"])
@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1, 2]", b"\x80\x04cos\nsystem\n", b'{"books/0.txt": [0, 0, 0, 0, "x"]}']
)
def test_garbage_in_what_the_store_remembers(file: Path, name: str, content: bytes) -> None:
    (file.parent / ".llx").mkdir()
    (file.parent / ".llx" / name).write_bytes(content)
    assert run(file).ok


def test_a_store_that_is_deleted_while_it_runs(file: Path) -> None:
    import shutil

    def delete(event: Event) -> None:
        if isinstance(event, TaskFinished) and event.task.label == "books":
            shutil.rmtree(file.parent / ".llx")

    result = run(file, listeners=lambda folder: [delete])
    found = errors(result.diagnostics)
    assert [one.code for one in found] == ["L0824"]
    good(found[0], None, (".llx",))
    assert run(file).ok


# Damage


def flip(folder: Path) -> None:
    path = largest(folder)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(bytes(data))


def cut(folder: Path) -> None:
    path = largest(folder)
    path.write_bytes(path.read_bytes()[:-10])


def lose(folder: Path) -> None:
    largest(folder).unlink()


def add(folder: Path) -> None:
    (folder / "extra.bin").write_bytes(b"\x80\x04cos\nsystem\n")


def link(folder: Path) -> None:
    path = largest(folder)
    copy = folder.parent.parent.parent / "copy"
    path.rename(copy)
    path.symlink_to(copy)


def folder_for_file(folder: Path) -> None:
    path = largest(folder)
    path.unlink()
    path.mkdir()


def fifo(folder: Path) -> None:
    path = largest(folder)
    path.unlink()
    os.mkfifo(path)


def no_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def odd_manifest(content: str) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        (folder / "manifest.json").write_text(content, encoding="utf-8")

    harm.__name__ = f"manifest {content[:20]}"
    return harm


def forged_manifest(change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        path = folder / "manifest.json"
        manifest = json.loads(path.read_text(encoding="utf-8"))
        change(manifest)
        path.write_text(json.dumps(manifest), encoding="utf-8")

    return harm


def largest(folder: Path) -> Path:
    return max(
        (path for path in folder.rglob("*") if path.name != "manifest.json"), key=lambda path: path.stat().st_size
    )


HARMS: dict[str, Callable[[Path], None]] = {
    "a flipped bit": flip,
    "a cut file": cut,
    "a missing file": lose,
    "one file more": add,
    "a link": link,
    "a folder for a file": folder_for_file,
    "a FIFO": fifo,
    "no manifest": no_manifest,
    "an empty manifest": odd_manifest(""),
    "a list for a manifest": odd_manifest("[]"),
    "a manifest of another shape": odd_manifest('{"format": 1}'),
    "a deep manifest": odd_manifest("[" * 100_000),
    "a manifest with a huge number": odd_manifest('{"format": ' + "9" * 10_000 + "}"),
    "a path out of the artifact": forged_manifest(
        lambda manifest: manifest.__setitem__("files", {"../../../../books/0.txt": {"size": 1, "sha256": "0"}})
    ),
    "an absolute path": forged_manifest(
        lambda manifest: manifest.__setitem__("files", {"/etc/passwd": {"size": 1, "sha256": "0"}})
    ),
    "another's fingerprint": forged_manifest(lambda manifest: manifest.__setitem__("fingerprint", "0" * 64)),
    "a newer format": forged_manifest(lambda manifest: manifest.__setitem__("format", 999)),
    "facts that are none": forged_manifest(lambda manifest: manifest.__setitem__("facts", 3)),
    "infinite seconds": forged_manifest(lambda manifest: manifest.__setitem__("seconds", "long")),
}


@pytest.mark.parametrize("name", HARMS)
def test_a_damaged_artifact_is_found_and_made_again(name: str, file: Path) -> None:
    first = run(file)
    whole = {task: dict(result.facts) for task, result in first.tasks.items()}
    before = largest(artifacts(file)["parts"]).read_bytes()
    HARMS[name](artifacts(file)["parts"])
    # What reads it runs anew, so that it is opened.
    (file.parent / ".llx" / "canary").unlink(missing_ok=True)
    file.write_text(
        EXPERIMENT.replace("characters(parts.train)", "characters(parts.train, vocab_size = 400)"), encoding="utf-8"
    )
    result = run(file)
    assert result.ok, result.diagnostics
    assert "parts" in result.tasks
    assert result["parts"].ran
    assert result["parts"].facts == whole["parts"]
    assert largest(artifacts(file)["parts"]).read_bytes() == before
