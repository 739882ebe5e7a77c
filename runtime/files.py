"""Files that are either whole or not there: atomic writes, digests, free space."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def sync_directory(directory: Path) -> None:
    """Make the entries of a directory durable."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(directory: Path) -> None:
    """Make all files and entries below a directory durable."""
    for parent, _, names in os.walk(directory, topdown=False):
        for name in names:
            handle = os.open(Path(parent) / name, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        sync_directory(Path(parent))


def write_text(path: Path, text: str) -> None:
    """Write a file so that after a crash it holds the old text or the new one, never a part."""
    _replace(path, text.encode("utf-8"))


def rewrite(path: Path, data: bytes) -> None:
    """Replace what a file holds, in one step; its permissions stay, and a link goes on leading to it."""
    target = path.resolve()
    _replace(target, data, mode_of=target)


def _replace(path: Path, data: bytes, mode_of: Path | None = None) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            if mode_of is not None:
                shutil.copymode(mode_of, temporary)
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically, keys in the order given, readable by people."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON; ValueError if it isn't, or if it is nested beyond reason."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError(f"{path.name} nests too deeply") from None


def sha256(path: Path) -> str:
    """Give the SHA-256 of a file's bytes in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_below(directory: Path) -> Iterator[Path]:
    """Give the files below a directory, sorted, links not followed."""
    for parent, folders, names in os.walk(directory):
        folders.sort()
        for name in sorted(names):
            yield Path(parent) / name


def link(source: Path, target: Path) -> None:
    """Give a file that nobody changes a second name; a copy of it where the file system has no such links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def seal(temporary: Path, final: Path) -> None:
    """Make a finished directory durable and give it its name in one step; `final` must not exist."""
    sync_tree(temporary)
    temporary.rename(final)
    sync_directory(final.parent)


def remove(path: Path) -> None:
    """Remove a file or directory if it is there, so that a half-removed directory never has its old name."""
    if path.is_dir() and not path.is_symlink():
        grave = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.removed")
        with contextlib.suppress(FileNotFoundError):
            path.rename(grave)
        shutil.rmtree(grave, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def free_bytes(path: Path) -> int:
    """Give the free space where a path lies, or would lie."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free
