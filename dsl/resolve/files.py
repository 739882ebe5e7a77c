"""Strings that name files: made relative to the project's root, kept within it, and looked for."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import syntax
from ..diagnostics.model import Fix, Text
from ..diagnostics.similar import similar
from ..suggest import naming
from ..types import PathText
from .base import Context, Wanted

_MAX_LOOKED_AT = 50_000
"""Entries of folders that a search looks at; past it, the pattern gets the benefit of the doubt."""

_MAX_COMPARED = 2_000
"""Names of a folder that are compared with a missing one."""

_WILD = re.compile(r"[*?]")


class Carried(str):
    """A string that one file hands to another as a param: a path in it starts at the folder where it was written."""

    __slots__ = ("folder",)
    folder: Path


def carried(value: Any, context: Context) -> Any:
    """Give a value of a file as another one takes it: its strings, within lists and maps too, keep their folder."""
    match value:
        case Carried():
            return value
        case str() if context.module.source.path is not None:
            kept = Carried(value)
            kept.folder = context.module.source.path.parent
            return kept
        case list():
            return [carried(item, context) for item in value]
        case dict():
            return {key: carried(item, context) for key, item in value.items()}
    return value


def find_files(context: Context, text: str, wanted: PathText, slot: Wanted, node: syntax.Expression) -> Any:
    """Give a path relative to the project's root with `/`, or report why it can't be used."""
    place = {"slot": slot.slot, "path": text}
    if not text.strip() or "\0" in text:
        return context.error("L0660", node.span, place, helps=(Text("L0660.help"),))
    folder = node.span.source.path.parent if node.span.source.path else context.root
    if isinstance(text, Carried):
        folder = text.folder
    root = os.path.abspath(context.root)  # noqa: PTH100
    full = os.path.normpath(os.path.join(os.path.abspath(folder), text))  # noqa: PTH100, PTH118
    if not within(full, root):
        return context.error("L0661", node.span, place, helps=(Text("L0661.help", {"root": folder_name(root)}),))
    relative = os.path.relpath(full, root).replace(os.sep, "/")
    if context.dry:
        return relative
    search = _Search(root, wanted)
    try:
        problem = search.look(full)
    except OSError as error:
        reason = {"reason": error.strerror or type(error).__name__, "where": shown_path(error.filename, root)}
        return context.error("L0664", node.span, place | reason, helps=(Text("L0664.help"),))
    if problem is None:
        return relative
    if search.leaves is not None:
        place["path"] = shown_path(search.leaves, root)
    helps, instead = _helps(problem, text, folder, root)
    fixes: tuple[Fix, ...] = ()
    if instead and isinstance(node, syntax.String) and node.parts == (text,):
        fixes = (Fix(node.span, json.dumps(instead, ensure_ascii=False), certain=False),)
    return context.error(problem, node.span, place, helps=helps, fixes=fixes)


def _helps(problem: str, text: str, folder: Path, root: str) -> tuple[tuple[Text, ...], str]:
    """Give the way out of what a search found wrong, and the path that may have been meant."""
    if problem == "L0662":
        near = similar_paths(text, folder)
        searched = (Text("L0662.searched", {"folder": shown_path(str(folder), root)}),)
        return naming(near, "help.similar_file") or searched, near[0] if near else ""
    bare = text.rstrip("/")
    parent = bare.rpartition("/")[0] or "."
    instead = {"L0663": f"{bare}/*", "L0665": parent}.get(problem, "")
    return (Text(f"{problem}.help", {"folder": bare, "parent": parent}),), instead


@dataclass(slots=True)
class _Search:
    """A bounded search for what a path or pattern names.

    What lies outside the root is only reached by links here: the path itself was looked at before.
    """

    root: str
    wanted: PathText
    looked_at: int = 0
    leaves: str | None = None
    """What leads out of the root, where a pattern found it."""

    def look(self, full: str) -> str | None:
        """Give the code of what is wrong, or None."""
        parts = Path(full).parts
        first = next((n for n, part in enumerate(parts) if _WILD.search(part)), None) if self.wanted.glob else None
        if first is None or Path(full).exists():
            return self._single(Path(full))
        start = Path(*parts[:first])
        if not self._inside(start):
            return self._leaving(start)
        if not start.is_dir():
            return "L0662"
        for match in self._matches(start, parts[first:]):
            return None if self._inside(match) else self._leaving(match)
        return None if self.looked_at > _MAX_LOOKED_AT else "L0662"

    def _leaving(self, path: Path) -> str:
        self.leaves = str(path)
        return "L0661.link"

    def _single(self, path: Path) -> str | None:
        if not self._inside(path):
            return "L0661.link"
        if not self.wanted.exists:
            return self._written(path)
        if not path.exists():
            if self.wanted.own and not path.is_symlink():
                return None
            return "L0662.link" if path.is_symlink() else "L0662"
        if self.wanted.folder:
            return None if path.is_dir() else "L0665"
        if path.is_dir():
            return "L0663"
        return None if path.is_file() else "L0666"

    def _written(self, path: Path) -> str | None:
        """Give what is wrong with a place that is to be written to."""
        if not self.wanted.folder:
            return None
        if os.path.realpath(path) == os.path.realpath(self.root):
            return "L0667"
        return "L0665" if path.exists() and not path.is_dir() else None

    def _matches(self, folder: Path, parts: tuple[str, ...]) -> Iterator[Path]:
        """Give what matches the rest of a pattern below a folder: files, or folders where they are wanted."""
        stack = [(folder, parts)]
        while stack:
            here, rest = stack.pop()
            head, *tail = rest
            if head == "**" and tail:
                stack.append((here, tuple(tail)))
            pattern = _pattern(head)
            with os.scandir(here) as entries:
                listed = sorted(entries, key=lambda entry: entry.name, reverse=True)
            for entry in listed:
                self.looked_at += 1
                if self.looked_at > _MAX_LOOKED_AT:
                    return
                if entry.name.startswith("."):
                    # Hidden files, the store among them, are no data unless they are named.
                    continue
                is_folder, is_file = _sort(entry)
                fits = is_folder if self.wanted.folder else is_file
                if head == "**":
                    if is_folder and not entry.is_symlink():
                        stack.append((Path(entry.path), rest))
                    if not tail and fits:
                        yield Path(entry.path)
                elif pattern.fullmatch(entry.name):
                    if tail and is_folder:
                        stack.append((Path(entry.path), tuple(tail)))
                    elif not tail and fits:
                        yield Path(entry.path)

    def _inside(self, path: Path) -> bool:
        return within(os.path.realpath(path), os.path.realpath(self.root))


def _sort(entry: os.DirEntry[str]) -> tuple[bool, bool]:
    """Tell whether an entry is a folder or a file; a link that leads nowhere is neither."""
    try:
        return entry.is_dir(), entry.is_file()
    except OSError:
        return False, False


def _pattern(part: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in part), re.DOTALL)


def within(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def similar_paths(text: str, folder: Path) -> list[str]:
    """Give paths that differ from a missing one in the first part that isn't there, as the file would write them."""
    here = folder
    parts = text.split("/")
    for n, part in enumerate(parts):
        if _WILD.search(part) or not here.is_dir():
            return []
        if part and not (here / part).exists():
            names = [entry.name for entry in sorted(here.iterdir())[:_MAX_COMPARED]]
            return ["/".join([*parts[:n], name, *parts[n + 1 :]]) for name in similar(part, names)]
        here /= part
    return []


def shown_path(path: str | None, root: str) -> str:
    if not path:
        return "?"
    full = os.path.abspath(path)  # noqa: PTH100
    return os.path.relpath(full, root).replace(os.sep, "/") if within(full, root) else full


def folder_name(root: str) -> str:
    return Path(root).name or root
