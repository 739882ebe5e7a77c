"""Copies of stored artifacts outside the store: made after a run, restored when they are gone or changed.

Only files that an export wrote itself are ever replaced or removed; what a user put beside them stays.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..dsl.diagnostics.model import Diagnostic, Text
from ..dsl.program import Declared, Program
from ..plugins.tasks import Export
from .digests import FileDigests
from .files import read_json, sha256, sync_directory, write_json
from .graph import Node
from .store import Artifact, Store


class CannotExport(Exception):
    """Raised when a copy can't be made, with the diagnostic that says why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.code)
        self.diagnostic = diagnostic


class Exports:
    """The copies of a program's exports."""

    def __init__(self, store: Store, program: Program, digests: FileDigests, root: Path | None = None) -> None:
        self.root = root or program.root
        """The folder that the places of copies are relative to: the project's root, but for smoke runs."""
        self.store = store
        self.program = program
        self.digests = digests
        self._book = store.folder / "exports.json"

    def missing(self, node: Node, artifact: Artifact) -> list[str]:
        """Give the files of a node's copies that are gone or not what they should be, relative to the root."""
        return [f"{export.to}/{name}" for export in _exports(node) for name in self._wrong(export, artifact)]

    def refusals(self, nodes: Iterable[Node], waiting: Iterable[Declared] = ()) -> list[Diagnostic]:
        """Give what is wrong with the places of copies, before anything runs for them.

        Of what waits for the best trial of a sweep, the place is known already.
        """
        asked = [(node.label, export) for node in nodes for export in _exports(node)]
        asked += [(declared.name, declared.value) for declared in waiting if isinstance(declared.value, Export)]
        found = []
        taken: dict[Path, str] = {}
        for label, export in asked:
            try:
                folder = self._folder(export)
                other = taken.setdefault(folder, label)
                if other != label:
                    raise self._error("L0828", export, {"path": export.to, "other": other})
            except CannotExport as error:
                found.append(error.diagnostic)
        return found

    def deliver(self, node: Node, artifact: Artifact) -> list[Path]:
        """Make or mend the copies of a node; CannotExport if a file of somebody else is in the way.

        The artifact's digests must have been compared.
        """
        folders = []
        for export in _exports(node):
            folder = self._folder(export)
            folder.mkdir(parents=True, exist_ok=True)
            before = self._written(export.to)
            wrong = self._wrong(export, artifact)
            for name in wrong:
                self._refuse_strangers(export, folder / name, artifact.files[name][1], before.get(name))
            for name in wrong:
                _copy(artifact.directory / name, folder / name, artifact.files[name][1])
            for name, digest in before.items():
                if name not in artifact.files and _digest(folder / name) == digest:
                    (folder / name).unlink()
            if wrong or set(before) != set(artifact.files):
                self._remember(export.to, {name: digest for name, (_, digest) in artifact.files.items()})
            folders.append(folder)
        return folders

    def _wrong(self, export: Export, artifact: Artifact) -> list[str]:
        folder = self.root / export.to
        wrong = []
        for name, (size, digest) in artifact.files.items():
            path = folder / name
            try:
                same = path.stat().st_size == size and self.digests(path) == digest
            except OSError:
                same = False
            if not same:
                wrong.append(name)
        return wrong

    def _folder(self, export: Export) -> Path:
        root, store = self.root.resolve(), self.store.folder.resolve()
        folder = (root / export.to).resolve()
        inside = folder.is_relative_to(store) and not root.is_relative_to(store)
        if not folder.is_relative_to(root) or folder == root or inside:
            raise self._error("L0823", export, {"path": export.to})
        if folder.exists() and not folder.is_dir():
            raise self._error("L0820", export, {"path": export.to})
        return folder

    def _refuse_strangers(self, export: Export, path: Path, wanted: str, written: str | None) -> None:
        """Stop before a file is replaced that no export wrote; one that was edited since is restored."""
        if not path.parent.resolve().is_relative_to(self.root.resolve()):
            raise self._error("L0823", export, {"path": export.to})
        if path.is_symlink() or (path.exists() and written is None and _digest(path) != wanted):
            raise self._error("L0820", export, {"path": os.path.relpath(path, self.root)})

    def _error(self, code: str, export: Export, values: dict[str, object]) -> CannotExport:
        place = self.program.place(export, "to")
        return CannotExport(Diagnostic(code, Text(code, values), place, helps=(Text(f"{code}.help", values),)))

    def _written(self, to: str) -> dict[str, str]:
        book = self._load().get(to)
        return dict(book) if isinstance(book, dict) else {}

    def _remember(self, to: str, files: dict[str, str]) -> None:
        write_json(self._book, {**self._load(), to: files})

    def _load(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            read = read_json(self._book)
            return read if isinstance(read, dict) else {}
        return {}


def _exports(node: Node) -> list[Export]:
    return [task for task in node.tasks if isinstance(task, Export)]


def _copy(source: Path, target: Path, digest: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        shutil.copyfile(source, temporary)
        if sha256(temporary) != digest:
            raise OSError(5, "the copy differs from what was copied", str(target))
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    sync_directory(target.parent)


def _digest(path: Path) -> str | None:
    try:
        return sha256(path)
    except OSError:
        return None
