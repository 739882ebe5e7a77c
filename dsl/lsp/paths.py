"""What lies in a folder, for strings that name files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ..resolve.base import alternatives
from ..types import ListOf, PathText, Type

_MOST = 500


def path_type(wanted: Type) -> PathText | None:
    """Give the type of paths among what is wanted; items of a list count."""
    for option in alternatives(wanted):
        if isinstance(option, PathText):
            return option
        if isinstance(option, ListOf) and (inner := path_type(option.item)) is not None:
            return inner
    return None


def entries(folder: Path, wanted: PathText) -> Iterator[str]:
    """Give folders as `name/`, then files, and patterns for several files of a sort; hidden ones are left out."""
    try:
        listed = sorted((one for one in folder.iterdir() if not one.name.startswith(".")), key=lambda one: one.name)
    except OSError:
        return
    folders = [one for one in listed[:_MOST] if one.is_dir()]
    files = [one for one in listed[:_MOST] if not one.is_dir()] if not wanted.folder else []
    yield from (f"{one.name}/" for one in folders)
    if wanted.glob:
        counted = Counter(one.suffix for one in files if one.suffix)
        yield from (f"*{suffix}" for suffix, count in counted.items() if count > 1)
    yield from (one.name for one in files)
