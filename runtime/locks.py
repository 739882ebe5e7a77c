"""The lock of one task's unfinished work, so that of two runs that share a store only the same task waits."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from .files import remove

LOCK = "lock"
KEPT = "kept"
ALONE = "lock"
"""Of the whole store: shared by runs and by those who read, and wanted alone by whoever removes artifacts."""


class Claim:
    """The right to make an artifact, held until `release`; the system gives it back if the process dies."""

    def __init__(self, folder: Path, handle: int) -> None:
        self.folder = folder
        self._handle: int | None = handle

    @property
    def kept(self) -> Path:
        """Give the folder that survives a kill and a failure."""
        kept = self.folder / KEPT
        kept.mkdir(exist_ok=True)
        return kept

    def attempt(self) -> Path:
        """Give a fresh folder to work in; those that the killed left are swept."""
        self.sweep()
        attempt = self.folder / "attempt"
        attempt.mkdir()
        return attempt

    def sweep(self) -> None:
        """Remove what is neither the lock nor kept."""
        for path in self.folder.iterdir():
            if path.name not in (LOCK, KEPT):
                remove(path)

    def release(self, *, finished: bool) -> None:
        """Give the lock back; the folder goes if the work is finished, or if nothing in it is worth keeping."""
        if self._handle is None:
            return
        try:
            self.sweep()
            if finished or not _has_entries(self.folder / KEPT):
                remove(self.folder)
        except FileNotFoundError:
            pass  # someone deleted the store; the lock is all that is left to give back
        finally:
            os.close(self._handle)
            self._handle = None


def claim(folder: Path, *, wait: bool = True, waiting: Callable[[], None] | None = None) -> Claim | None:
    """Take the lock of a folder, made if it isn't there; None if another process has it and `wait` is false.

    `waiting` is called before each pause, and may raise to give up.
    """
    import fcntl
    import time

    pause = 0.02
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        except FileNotFoundError:
            continue  # whoever had it finished and removed the folder just now
        except FileExistsError:
            if os.path.lexists(folder) and not folder.is_dir():
                raise
            continue
        taken = False
        try:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                taken = _is_same(handle, folder / LOCK)
                if not taken:
                    continue
            if taken:
                return Claim(folder, handle)
            if not wait:
                return None
            if waiting is not None:
                waiting()
        finally:
            if not taken:
                os.close(handle)
        time.sleep(pause)
        pause = min(0.5, pause * 1.5)


def holds_kept(folder: Path) -> bool:
    """Tell whether unfinished work is kept there that the task can go on from."""
    return _has_entries(folder / KEPT)


def _has_entries(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except OSError:
        return False


def _is_same(handle: int, path: Path) -> bool:
    # The folder may have been removed, and made again, between opening the lock and getting it.
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    ours = os.fstat(handle)
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)


@contextlib.contextmanager
def beside_others(store: Path) -> Iterator[None]:
    """Hold off whoever wants the store alone, for the time of a run; runs hold off each other in no way."""
    import fcntl

    with _open(store / ALONE) as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def reading(store: Path) -> Iterator[None]:
    """Do the same for the time in which a store is read; one that isn't there, or takes no lock, needs none."""
    import fcntl

    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            # For reading alone: it may be a store that somebody else keeps.
            handle = held.enter_context(_open(store / ALONE, os.O_RDONLY | os.O_NONBLOCK))
            fcntl.flock(handle, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def only_one(store: Path) -> Iterator[bool]:
    """Have the store alone, if no run is using it; gives whether that is so."""
    import fcntl

    with _open(store / ALONE) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextlib.contextmanager
def _open(path: Path, mode: int = os.O_RDWR) -> Iterator[int]:
    handle = os.open(path, mode | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    try:
        yield handle
    finally:
        os.close(handle)
