"""The store: finished artifacts by fingerprint, unfinished work under a lock, and nothing in between.

    artifacts/FF/FINGERPRINT/   sealed: manifest.json and the task's files, renamed into place when whole
    partial/FINGERPRINT/        lock, the `attempt` of whoever holds it, and `kept` of a task that resumes
    records/                    what the last run of each file made (records.py)

A directory is fresh for each attempt and gets its name when it is finished, so that what a killed run leaves is never
taken for a result. Links are never followed: an artifact holds plain files, and a link in one is damage.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import __version__
from .files import files_below, read_json, remove, seal, sha256, write_json, write_text
from .fingerprint import LENGTH, Parts
from .locks import claim

FORMAT = 1
MANIFEST = "manifest.json"
_DIGITS = frozenset("0123456789abcdef")


class Damaged(Exception):
    """Raised when an artifact is not what its manifest says; `what` is the file."""

    def __init__(self, fingerprint: str, what: str) -> None:
        super().__init__(fingerprint, what)
        self.fingerprint = fingerprint
        self.what = what


class WrongStore(Exception):
    """Raised when the store's folder is something else; `reason` is a key of the messages."""

    def __init__(self, reason: str, path: Path) -> None:
        super().__init__(reason, str(path))
        self.reason = reason
        self.path = path


@dataclass(frozen=True, slots=True)
class Artifact:
    """A sealed artifact: where it lies, and what its manifest says."""

    fingerprint: str
    directory: Path
    label: str
    kind: str
    component: str
    parts: Parts
    facts: dict[str, Any]
    files: Mapping[str, tuple[int, str]]
    """Size and SHA-256 of each file, by its path within the directory."""
    seconds: float
    created: float
    cut: bool = False
    """Whether a smoke run took less for it, or for what it builds on, than a real run would."""

    lacking: bool = False
    """Whether an input of it failed, which another run tries again: trials of a sweep."""

    @property
    def size(self) -> int:
        return sum(size for size, _ in self.files.values())


class Store:
    """The store of a project."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(os.path.abspath(folder))  # noqa: PTH100 (`resolve` would follow links)
        self._verified: set[str] = set()
        self._read: dict[str, Artifact] = {}

    @property
    def artifacts(self) -> Path:
        return self.folder / "artifacts"

    @property
    def partial(self) -> Path:
        return self.folder / "partial"

    def create(self) -> None:
        """Make the folders; OSError if they can't be written, WrongStore if something else lies there."""
        if self.folder.exists() and not self.folder.is_dir():
            raise WrongStore("L0815", self.folder)
        for folder in (self.folder, self.artifacts, self.partial):
            folder.mkdir(parents=True, exist_ok=True)
            if folder != self.folder and folder.is_symlink():
                raise WrongStore("L0815.link", folder)
        ignore = self.folder / ".gitignore"
        if not ignore.exists():
            write_text(ignore, "*\n")
        if not os.access(self.artifacts, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self.artifacts))
        self.sweep()

    def sweep(self) -> None:
        """Remove what a kill left: of a removal, or of work that was finished."""
        for folder in (self.partial, *self.artifacts.glob("[0-9a-f][0-9a-f]")):
            if not folder.is_symlink():
                for path in folder.glob(".*.removed"):
                    remove(path)
        for path in self.partial.iterdir():
            if is_fingerprint(path.name) and _is_folder(self.place(path.name)):
                held = claim(path, wait=False)
                if held is not None:
                    held.release(finished=True)

    def place(self, fingerprint: str) -> Path:
        """Give where an artifact lies, or would lie."""
        assert is_fingerprint(fingerprint), fingerprint
        return self.artifacts / fingerprint[:2] / fingerprint

    def find(self, fingerprint: str) -> Artifact | None:
        """Give an artifact if it is there; Damaged if its manifest or the size of a file is wrong."""
        if fingerprint in self._read:
            return self._read[fingerprint]
        directory = self.place(fingerprint)
        if not _is_folder(directory):
            if directory.is_symlink() or directory.exists():
                raise Damaged(fingerprint, directory.name)
            return None
        artifact = _read_manifest(fingerprint, directory)
        for name, (size, _) in artifact.files.items():
            found = _plain_file(directory / name)
            if found is None or found.st_size != size:
                raise Damaged(fingerprint, name)
        self._read[fingerprint] = artifact
        return artifact

    def open(self, fingerprint: str) -> Artifact:
        """Give an artifact whose every byte was compared with its manifest (once a run); Damaged if one differs."""
        artifact = self.find(fingerprint)
        if artifact is None:
            raise Damaged(fingerprint, MANIFEST)
        if fingerprint not in self._verified:
            self.verify(artifact)
            self._verified.add(fingerprint)
        return artifact

    def verify(self, artifact: Artifact) -> None:
        """Compare an artifact's files with its manifest, byte for byte; Damaged names the first that differs."""
        directory = artifact.directory
        for name, (size, digest) in artifact.files.items():
            found = _plain_file(directory / name)
            if found is None or found.st_size != size or sha256(directory / name) != digest:
                raise Damaged(artifact.fingerprint, name)
        for path in files_below(directory):
            name = path.relative_to(directory).as_posix()
            if name != MANIFEST and name not in artifact.files:
                raise Damaged(artifact.fingerprint, name)

    def discard(self, fingerprint: str) -> None:
        """Remove an artifact."""
        self._read.pop(fingerprint, None)
        self._verified.discard(fingerprint)
        remove(self.place(fingerprint))

    def forget(self, fingerprint: str) -> None:
        """Read an artifact anew when it is asked for next."""
        self._read.pop(fingerprint, None)

    def put(self, attempt: Path, fingerprint: str, about: Mapping[str, Any]) -> Artifact:
        """Seal what a task wrote: digests, manifest, fsync, rename. `about` has label, kind, component, parts, facts, …

        The task's lock must be held. ValueError if the task wrote a link or a device.
        """
        listed: dict[str, dict[str, Any]] = {}
        for path in files_below(attempt):
            found = _plain_file(path)
            name = path.relative_to(attempt).as_posix()
            if found is None or name == MANIFEST:
                raise ValueError(f"an artifact holds plain files, and `{name}` is none")
            listed[name] = {"size": found.st_size, "sha256": sha256(path)}
        manifest = {"format": FORMAT, "llx": __version__, "fingerprint": fingerprint, **about}
        write_json(attempt / MANIFEST, {**manifest, "created": time.time(), "files": listed})
        final = self.place(fingerprint)
        if final.parent.is_symlink():
            raise WrongStore("L0815.link", final.parent)
        final.parent.mkdir(exist_ok=True)
        if os.path.lexists(final):
            self.discard(fingerprint)
        seal(attempt, final)
        self._verified.add(fingerprint)
        self._read[fingerprint] = _read_manifest(fingerprint, final)
        return self._read[fingerprint]

    def all(self) -> Iterator[tuple[str, Artifact | Damaged]]:
        """Give all artifacts by fingerprint; one that can't be read as the damage that it is."""
        for shard in sorted(self.artifacts.glob("[0-9a-f][0-9a-f]")):
            if not _is_folder(shard):
                continue
            for directory in sorted(shard.iterdir()):
                if is_fingerprint(directory.name):
                    try:
                        artifact = self.find(directory.name)
                    except Damaged as damage:
                        yield directory.name, damage
                    else:
                        if artifact is not None:
                            yield directory.name, artifact


def is_fingerprint(name: str) -> bool:
    """Tell whether a name is that of an artifact, and so can be no path to elsewhere."""
    return len(name) == LENGTH and set(name) <= _DIGITS


def _is_folder(path: Path) -> bool:
    """Tell whether a folder is there that is no link, and lies in one that is none."""
    try:
        return stat.S_ISDIR(path.parent.lstat().st_mode) and stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _plain_file(path: Path) -> os.stat_result | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _read_manifest(fingerprint: str, directory: Path) -> Artifact:
    path = directory / MANIFEST
    if _plain_file(path) is None:
        raise Damaged(fingerprint, MANIFEST)
    try:
        read = read_json(path)
        if read["format"] != FORMAT or read["fingerprint"] != fingerprint:
            raise Damaged(fingerprint, MANIFEST)
        files = {str(name): (int(entry["size"]), str(entry["sha256"])) for name, entry in read["files"].items()}
        if any(name.startswith("/") or ".." in name.split("/") for name in files):
            raise Damaged(fingerprint, MANIFEST)
        return Artifact(
            fingerprint=fingerprint,
            directory=directory,
            label=str(read["label"]),
            kind=str(read["kind"]),
            component=str(read["component"]),
            parts=Parts.from_json(read["parts"]),
            facts=dict(read["facts"]),
            files=files,
            seconds=float(read["seconds"]),
            created=float(read["created"]),
            cut=bool(read.get("cut", False)),
            lacking=bool(read.get("lacking", False)),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(fingerprint, MANIFEST) from error
