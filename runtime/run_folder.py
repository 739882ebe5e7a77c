"""The folder of a run: its events, the experiment's text, and what else belongs to it."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

EVENTS = "events.jsonl"
EXPERIMENT = "experiment.llx"
IMPORTED = "imported"
TRACEBACK = "traceback.txt"
REPORT = "report.html"


class RunFolder:
    """`runs/ID` in the store, made for a run that does something."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, store: Path, text: str, imported: Mapping[str, str] | None = None) -> RunFolder:
        """Make the folder of a new run, with the experiment's text, and those of imported files by their path."""
        while True:
            path = store / "runs" / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
            with contextlib.suppress(FileExistsError):
                path.mkdir(parents=True)
                break
        (path / EXPERIMENT).write_text(text, encoding="utf-8", errors="replace", newline="")
        for name, content in (imported or {}).items():
            copy = path / IMPORTED / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(content, encoding="utf-8", errors="replace", newline="")
        return cls(path)

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def events(self) -> Path:
        return self.path / EVENTS

    @property
    def report(self) -> Path:
        return self.path / REPORT

    @contextlib.contextmanager
    def open_events(self) -> Iterator[IO[str]]:
        """Open the record, locked as long as it is open: so it can be told whether the run still goes on."""
        import fcntl

        file = self.events.open("x", encoding="utf-8", newline="\n")
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            yield file
        finally:
            # Each line is flushed: what is left here is a line that could not be written, as was said then.
            with contextlib.suppress(OSError):
                file.close()

    def keep_tracebacks(self, texts: list[str]) -> Path | None:
        """Write down tracebacks, for those who develop; a disk that is full keeps none."""
        if not texts:
            return None
        path = self.path / TRACEBACK
        with contextlib.suppress(OSError):
            path.write_text(f"{os.linesep}".join(texts), encoding="utf-8", errors="backslashreplace")
            return path
        return None


def goes_on(folder: Path) -> bool:
    """Tell whether a run that wasn't ended still goes on, and wasn't killed."""
    import fcntl

    try:
        with (folder / EVENTS).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
