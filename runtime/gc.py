"""What the store can do without: looked for first, freed when asked for."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .files import files_below, remove
from .ledger import NAME, Ledger, TaskRow
from .locks import claim, only_one
from .mode import CORNER, corner_of
from .records import Records
from .store import Damaged, Store


class Busy(Exception):
    """Raised when a run is using the store."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that can go: an artifact (with its label), or unfinished work."""

    path: Path
    fingerprint: str
    label: str
    """Empty for unfinished work."""
    size: int
    reason: str
    """unused, damaged, unfinished, or smoke: what smoke runs made."""


@dataclass(slots=True)
class Survey:
    """What would go and what would stay."""

    runs: int
    """How many of the last runs of each file keep what they need."""
    pieces: list[Piece] = field(default_factory=list)
    kept: int = 0
    kept_size: int = 0

    @property
    def size(self) -> int:
        return sum(piece.size for piece in self.pieces)


def survey(store: Store, runs: int = 1) -> Survey:
    """Look for what no last run of an existing file needs; `runs` keeps more than the last one of each."""
    needed, going_on = set(_needed(store, runs)), set(_going_on(store, runs))
    found = Survey(runs)
    for fingerprint, artifact in store.all():
        if isinstance(artifact, Damaged):
            directory = store.place(fingerprint)
            found.pieces.append(Piece(directory, fingerprint, "", _size(directory), "damaged"))
        elif fingerprint in needed:
            found.kept += 1
            found.kept_size += artifact.size
        else:
            found.pieces.append(Piece(artifact.directory, fingerprint, artifact.label, artifact.size, "unused"))
    for folder in _unfinished(store):
        if folder.name not in going_on:
            found.pieces.append(Piece(folder, folder.name, "", _size(folder), "unfinished"))
    corner = corner_of(store.folder)
    if corner.is_dir() and not corner.is_symlink():
        found.pieces.append(Piece(corner, "", CORNER, _size(corner), "smoke"))
    return found


def collect(store: Store, found: Survey) -> int:
    """Free what a survey found, and give the bytes; Busy if a run is using the store.

    Unfinished work that somebody holds is left alone, and so is what a run has come to need since the survey.
    """
    freed = 0
    with only_one(store.folder) as alone:
        if not alone:
            raise Busy
        needed, going_on = set(_needed(store, found.runs)), set(_going_on(store, found.runs))
        for piece in found.pieces:
            if (
                piece.fingerprint in (going_on if piece.reason == "unfinished" else needed)
                and piece.reason != "damaged"
            ):
                continue
            if piece.reason == "smoke":
                if not _remove_corner(piece.path):
                    continue
            elif piece.reason != "unfinished":
                store.discard(piece.fingerprint)
            elif (held := claim(piece.path, wait=False)) is not None:
                held.release(finished=True)
            else:
                continue
            freed += piece.size
        store.sweep()
    return freed


def _remove_corner(corner: Path) -> bool:
    """Remove what smoke runs made, if none is under way."""
    with only_one(corner) as alone:
        if alone:
            remove(corner)
    return alone


def discard(store: Store, found: Iterable[Damaged]) -> None:
    """Remove what is damaged; Busy if a run is using the store."""
    with only_one(store.folder) as alone:
        if not alone:
            raise Busy
        for damage in found:
            store.discard(damage.fingerprint)


def verify(store: Store) -> Iterator[Damaged]:
    """Compare every byte of every artifact with its manifest, and give what is damaged."""
    for _, artifact in store.all():
        if isinstance(artifact, Damaged):
            yield artifact
            continue
        try:
            store.verify(artifact)
        except Damaged as damage:
            yield damage


def _needed(store: Store, runs: int) -> Iterator[str]:
    files = set()
    for record in Records(store.folder / "records").all():
        # The root may have moved, with the store in it.
        if any((root / record.file).exists() for root in (Path(record.root), store.folder.parent)):
            files.add(record.file)
            yield from (made.fingerprint for made in record.tasks.values())
    yield from (task.fingerprint for _, task in _last_tasks(store, runs))


def _going_on(store: Store, runs: int) -> Iterator[str]:
    """Give the tasks that a run would go on with: not those of a finished one, but for what failed.

    What is unfinished besides was chosen out among the trials of a sweep.
    """
    return (task.fingerprint for run, task in _last_tasks(store, runs) if run != "finished" or task.state == "failed")


def _last_tasks(store: Store, runs: int) -> Iterator[tuple[str, TaskRow]]:
    """Give the tasks of the last runs of each file that exists, with the state of the run."""
    if (store.folder / NAME).exists():
        with contextlib.suppress(sqlite3.Error, OSError):
            ledger = Ledger(store.folder)
            with contextlib.closing(ledger):
                latest: dict[str, int] = {}
                for run in ledger.runs():
                    exists = any((root / run.file).exists() for root in (Path(run.root), store.folder.parent))
                    latest[run.file] = latest.get(run.file, 0) + 1
                    if exists and latest[run.file] <= runs:
                        yield from ((run.state, task) for task in ledger.tasks(run.id))


def _unfinished(store: Store) -> Iterator[Path]:
    if store.partial.is_dir() and not store.partial.is_symlink():
        yield from sorted(path for path in store.partial.iterdir() if path.is_dir() and not path.name.startswith("."))


def _size(folder: Path) -> int:
    total = 0
    for path in files_below(folder):
        with contextlib.suppress(OSError):
            total += os.lstat(path).st_size
    return total
