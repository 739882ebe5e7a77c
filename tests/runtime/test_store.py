"""The store: whole or not there, never through a link, and told when it can't be used."""

from __future__ import annotations

import errno
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from engine_lab import Lab, Steps, Words
from llx.runtime.failures import of_store
from llx.runtime.locks import claim, holds_kept
from llx.runtime.store import Damaged, Store, WrongStore

NAME = "ab" + "0" * 38
ABOUT = {"label": "x", "kind": "data", "component": "words", "seconds": 1.0, "parts": {}, "facts": {"rows": 3}}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "a store with spaces・と日本語")
    store.create()
    return store


def sealed(store: Store, text: str = "content") -> Path:
    held = claim(store.partial / NAME)
    assert held is not None
    attempt = held.attempt()
    (attempt / "deep").mkdir()
    (attempt / "deep" / "file.txt").write_text(text, encoding="utf-8")
    store.put(attempt, NAME, ABOUT)
    held.release(finished=True)
    return store.place(NAME)


def test_what_was_put_is_found_with_its_facts(store: Store) -> None:
    directory = sealed(store)
    artifact = Store(store.folder).open(NAME)
    assert artifact.directory == directory
    assert artifact.facts == {"rows": 3}
    assert artifact.size == 7
    assert list(store.partial.iterdir()) == []
    assert (store.folder / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_a_flipped_bit_is_found_when_the_artifact_is_opened(store: Store) -> None:
    path = sealed(store) / "deep" / "file.txt"
    path.write_text("cOntent", encoding="utf-8")
    fresh = Store(store.folder)
    assert fresh.find(NAME) is not None
    with pytest.raises(Damaged) as damage:
        fresh.open(NAME)
    assert damage.value.what == "deep/file.txt"


@pytest.mark.parametrize("harm", ["cut", "gone", "link", "manifest", "newer", "other", "escape", "folder"])
def test_other_damage_is_found_without_reading(store: Store, harm: str) -> None:
    directory = sealed(store)
    path, manifest = directory / "deep" / "file.txt", directory / "manifest.json"
    read = json.loads(manifest.read_text(encoding="utf-8"))
    match harm:
        case "cut":
            path.write_text("conte", encoding="utf-8")
        case "gone":
            path.unlink()
        case "link":
            path.unlink()
            path.symlink_to("/etc/hostname")
        case "manifest":
            manifest.write_text("{", encoding="utf-8")
        case "newer":
            manifest.write_text(json.dumps(read | {"format": 99}), encoding="utf-8")
        case "other":
            manifest.write_text(json.dumps(read | {"fingerprint": "cd" + "0" * 38}), encoding="utf-8")
        case "escape":
            manifest.write_text(json.dumps(read | {"files": {"../x": {"size": 1, "sha256": ""}}}), encoding="utf-8")
        case "folder":
            moved = store.folder / "elsewhere"
            directory.rename(moved)
            directory.symlink_to(moved)
    with pytest.raises(Damaged):
        Store(store.folder).find(NAME)


def test_a_foreign_file_in_an_artifact_is_damage(store: Store) -> None:
    (sealed(store) / "extra.safetensors").write_text("", encoding="utf-8")
    with pytest.raises(Damaged):
        Store(store.folder).open(NAME)


def test_a_link_or_a_manifest_of_the_task_is_refused(store: Store) -> None:
    for name in ("link", "manifest.json"):
        held = claim(store.partial / NAME)
        assert held is not None
        attempt = held.attempt()
        (attempt / name).symlink_to("/etc/hostname") if name == "link" else (attempt / name).write_text("{}")
        with pytest.raises(ValueError, match="plain files"):
            store.put(attempt, NAME, ABOUT)
        held.release(finished=False)
    assert Store(store.folder).find(NAME) is None


def test_a_store_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(WrongStore):
        Store(tmp_path / "file").create()
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "artifacts").symlink_to(tmp_path)
    with pytest.raises(WrongStore):
        Store(tmp_path / "store").create()


def test_what_the_killed_left_is_swept_and_what_is_kept_stays(store: Store) -> None:
    folder = store.partial / NAME
    (folder / "attempt").mkdir(parents=True)
    (folder / "attempt" / "half").write_text("", encoding="utf-8")
    (folder / "kept").mkdir()
    (folder / "kept" / "step").write_text("5", encoding="utf-8")
    held = claim(folder)
    assert held is not None
    assert list(held.attempt().iterdir()) == []
    assert (held.kept / "step").read_text(encoding="utf-8") == "5"
    held.release(finished=False)
    assert holds_kept(folder)
    again = claim(folder)
    assert again is not None
    again.release(finished=True)
    assert not folder.exists()


def test_only_one_has_the_lock_and_the_next_gets_a_folder_that_is_there(store: Store) -> None:
    folder = store.partial / NAME
    first = claim(folder)
    assert first is not None
    assert claim(folder, wait=False) is None
    got = []
    waiter = threading.Thread(target=lambda: got.append(claim(folder)))
    waiter.start()
    first.release(finished=True)
    waiter.join(timeout=20)
    assert got[0] is not None
    assert got[0].attempt().is_dir()
    assert claim(folder, wait=False) is None
    got[0].release(finished=True)


def test_many_threads_never_hold_one_lock_together(store: Store) -> None:
    folder = store.partial / NAME
    inside = 0
    most = 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        for _ in range(10):
            held = claim(folder)
            assert held is not None
            with lock:
                inside += 1
                most = max(most, inside)
            assert held.attempt().is_dir()
            with lock:
                inside -= 1
            held.release(finished=True)

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(work) for _ in range(6)]:
            done.result(timeout=60)
    assert most == 1


def test_removing_is_followed_by_nothing_half_there(store: Store) -> None:
    directory = sealed(store)
    store.discard(NAME)
    assert not directory.exists()
    assert Store(store.folder).find(NAME) is None


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.EACCES, "L0814"), (errno.EROFS, "L0814"), (errno.ENOSPC, "L0812"), (errno.ENOENT, "L0824")],
)
def test_a_store_that_cannot_be_used_is_told_of(store: Store, number: int, code: str) -> None:
    found = of_store(OSError(number, os.strerror(number), str(store.artifacts / "x")), store)
    assert found is not None
    assert found.code == code
    assert found.helps
    elsewhere = of_store(OSError(errno.EACCES, "", "/somewhere/else"), store)
    assert elsewhere is None


def test_a_task_that_is_made_elsewhere_meanwhile_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one", encoding="utf-8")
    lab = Lab(tmp_path)
    steps = {"slow": Steps(steps=30, pause=0.01)}
    with ThreadPoolExecutor(3) as pool:
        outcomes = [pool.submit(lambda: Lab(tmp_path).run(lab.program(steps))) for _ in range(3)]
        assert [outcome.result(timeout=60).state for outcome in outcomes] == ["finished"] * 3
    assert lab.ran() == ["steps"]
    assert lab.plan(lab.program(steps)).is_done


def test_a_full_disk_is_refused_before_a_task_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from llx.runtime import maker

    (tmp_path / "a.txt").write_text("one", encoding="utf-8")
    lab = Lab(tmp_path)
    monkeypatch.setattr(maker, "free_bytes", lambda _: 1000)
    outcome = lab.run(lab.program({"words": Words(file="a.txt")}), ["words"])
    assert [diagnostic.code for diagnostic in outcome.diagnostics] == ["L0812"]
    assert outcome.exit_code == 3
    assert lab.ran() == []
