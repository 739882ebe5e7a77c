"""What the last run of each file made, task by task: "why does this run again?" is answered from here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .digests import relative
from .files import read_json, write_json
from .fingerprint import Parts

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Made:
    """What a label stood for when it was made last."""

    fingerprint: str
    parts: Parts


@dataclass(slots=True)
class Record:
    """The tasks of a file's last run, by label; those of earlier runs stay until they are made anew."""

    file: str
    """The experiment's file, relative to the root."""
    root: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    run: str = ""
    """The last run that did something."""
    tasks: dict[str, Made] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        tasks = {
            label: {"fingerprint": made.fingerprint, "parts": made.parts.as_json()}
            for label, made in self.tasks.items()
        }
        head = {"format": FORMAT, "file": self.file, "root": self.root, "params": self.params, "run": self.run}
        return {**head, "tasks": tasks}


class Records:
    """The records in a store, one JSON file for each experiment file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, file: str) -> Path:
        stem = "".join(letter if letter.isalnum() else "-" for letter in Path(file).stem)[:40]
        return self.folder / f"{stem}-{hashlib.sha256(file.encode()).hexdigest()[:10]}.json"

    def read(self, file: str) -> Record:
        """Give the record of a file; an empty one if there is none, or none that can be read."""
        return _read(self.path(file)) or Record(file)

    def write(self, record: Record) -> None:
        """Write a record; OSError if it can't be."""
        path = self.path(record.file)
        self.folder.mkdir(exist_ok=True)
        write_json(path, record.as_json())

    def all(self) -> Iterator[Record]:
        for path in sorted(self.folder.glob("*.json")):
            record = _read(path)
            if record is not None:
                yield record


def file_name(path: Path | None, root: Path, shown: str) -> str:
    """Give the name under which a file's runs are recorded."""
    if path is None:
        return shown
    return relative(path, root)


def _read(path: Path) -> Record | None:
    try:
        read = read_json(path)
        if read["format"] != FORMAT:
            return None
        tasks = {
            str(label): Made(str(made["fingerprint"]), Parts.from_json(made["parts"]))
            for label, made in read["tasks"].items()
        }
        return Record(str(read["file"]), str(read["root"]), dict(read["params"]), str(read["run"]), tasks)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def plain_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values of params as JSON; a component as its name."""
    return {name: _plain(value) for name, value in params.items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return str(value)
