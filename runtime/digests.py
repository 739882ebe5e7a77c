"""Digests of the files that tasks read, remembered so that an unchanged file is not read again."""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

from .files import read_json, sha256, write_text

RACY = 2 * 10**9
"""Nanoseconds within which a file may change without its times changing (the coarsest clock of a file system)."""


class FileChanged(Exception):
    """Raised when a file doesn't hold still while it is read."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


class FileDigests:
    """Gives the SHA-256 of files by their path relative to the root.

    A digest is remembered with the file's size, times and inode, and trusted as long as these stay. It isn't
    remembered for a file that was changed just now, which could change again without a trace.
    """

    def __init__(self, root: Path, cache: Path | None = None) -> None:
        self.root = root
        self.cache = cache
        self._known: dict[str, list[Any]] | None = None
        self._changed = False

    def __call__(self, path: Path) -> str:
        """Give the digest of a file; OSError if it can't be read, FileChanged if it doesn't hold still."""
        key = relative(path, self.root)
        known = self._load()
        seen = _signature(path)
        entry = known.get(key)
        if entry is not None and entry[:-1] == seen:
            return str(entry[-1])
        digest = sha256(path)
        if _signature(path) != seen:
            raise FileChanged(path)
        _, mtime, ctime, _ = seen
        if time.time_ns() - max(mtime, ctime) > RACY:
            known[key] = [*seen, digest]
            self._changed = True
        return digest

    def save(self) -> None:
        """Write what was learned; a cache that can't be written is no reason to stop."""
        if self.cache is None or not self._changed:
            return
        with contextlib.suppress(OSError):
            write_text(self.cache, json.dumps(self._load(), ensure_ascii=True) + "\n")
        self._changed = False

    def _load(self) -> dict[str, list[Any]]:
        if self._known is None:
            self._known = {}
            if self.cache is not None:
                with contextlib.suppress(OSError, ValueError):
                    self._known = _entries(read_json(self.cache))
        return self._known


def relative(path: Path, root: Path) -> str:
    """Give a path as it enters a fingerprint: relative to the root, with `/`, so that a moved project reruns nothing."""
    absolute = path if path.is_absolute() else root / path
    name = os.path.relpath(absolute, root).replace(os.sep, "/")
    # A name that is not UTF-8 has no JSON.
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _signature(path: Path) -> list[int]:
    # The change time catches a file that was replaced and given its old modification time.
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]


def _entries(read: Any) -> dict[str, list[Any]]:
    # Whoever edits this file by hand gets files digested again, and nothing worse.
    if not isinstance(read, dict):
        return {}
    return {key: entry for key, entry in read.items() if isinstance(entry, list) and len(entry) == 5}
