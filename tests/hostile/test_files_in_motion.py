"""Files that change or vanish between the check and the last byte that is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from llx.plugins.builtin.data.text import TextFiles
from llx.runtime import face
from llx.runtime.events import Event, TaskStarted

from .lab import errors, good

EXPERIMENT = """
experiment hostile {}
data books = text("books/*.txt")
tokenizer letters = characters(books)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "books").mkdir()
    for number in range(3):
        (tmp_path / "books" / f"{number}.txt").write_text(f"It was dark and stormy, night {number}. " * 20)
    path = tmp_path / "case.llx"
    path.write_text(EXPERIMENT, encoding="utf-8")
    return path


def append(path: Path) -> None:
    with path.open("a") as file:
        file.write("and on it went")


def vanish(path: Path) -> None:
    path.unlink()


def become_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def become_another(path: Path) -> None:
    path.rename(path.with_suffix(".old"))
    path.write_text("something else")


def gain_a_neighbour(path: Path) -> None:
    path.with_name("9.txt").write_text("one more")


HARMS: list[tuple[Callable[[Path], None], set[str]]] = [
    (append, {"L0817"}),
    (vanish, {"L0610", "L0611", "L0816", "L0817"}),
    (become_a_folder, {"L0632", "L0611", "L0816", "L0817"}),
    (become_another, {"L0817"}),
    (gain_a_neighbour, {"L0817"}),
]


@pytest.mark.parametrize(("harm", "codes"), HARMS)
def test_a_file_that_moves_after_the_plan(harm: Callable[[Path], None], codes: set[str], file: Path) -> None:
    target = file.parent / "books" / "1.txt"

    def start(event: Event) -> None:
        if isinstance(event, TaskStarted) and event.task.component == "text":
            harm(target)

    result = face.run(file, only=["letters"], listeners=lambda folder: [start])
    [found] = errors(result.diagnostics)
    assert found.code in codes, found
    assert found.span is not None
    assert found.span.line == 3
    good(found, found.span.text)
    assert list((file.parent / ".llx" / "artifacts").rglob("manifest.json")) == [], "nothing made of a mixture is kept"


@pytest.mark.parametrize("harm", [append, vanish, become_another])
def test_a_file_that_moves_while_it_is_read(
    harm: Callable[[Path], None], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = TextFiles.records
    target = file.parent / "books" / "1.txt"

    def reading(self: TextFiles, path: Path, name: str) -> object:
        for record in records(self, path, name):
            if path == target and target.exists() and result is not None:
                harm(target)
            yield record

    result: object = None
    assert face.plan(file, only=["letters"]).ok
    monkeypatch.setattr(TextFiles, "records", reading)
    monkeypatch.setattr(TextFiles, "check", lambda self, place: None)
    result = object()
    run = face.run(file, only=["letters"])
    [found] = errors(run.diagnostics)
    assert found.code in ("L0616", "L0611"), found
    good(found, '"books/*.txt"', ("books/1.txt",))


def test_a_file_that_vanishes_between_check_and_plan(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from llx.runtime import graph

    build = graph.build

    def late(*arguments: object) -> object:
        for path in (file.parent / "books").iterdir():
            path.unlink()
        return build(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("llx.runtime.winners.build", late)
    [found] = errors(face.plan(file, only=["letters"]).diagnostics)
    assert found.code == "L0610"
    good(found, '"books/*.txt"', ("books/*.txt",))
