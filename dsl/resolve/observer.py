"""What the resolver makes of each part of a file, written down for those who want more than the result: editors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import syntax
from ..catalogue import Component

if TYPE_CHECKING:
    from .base import Context, Wanted
    from .modules import Reached


class Observer:
    """Is told of each expression and path that is resolved.

    Nodes are found by identity, so they are kept: those that the resolver makes itself would be gone else.
    """

    def __init__(self) -> None:
        self.context: Context | None = None
        """Of the file itself: its names with their values."""
        self._values: dict[int, tuple[syntax.Expression, Wanted, Any]] = {}
        self._meanings: dict[int, tuple[syntax.Path, Reached | Component | str]] = {}
        self._bases: dict[int, tuple[syntax.Block, Any]] = {}
        self._names: dict[int, tuple[syntax.Entry, syntax.Path]] = {}

    def resolved(self, node: syntax.Expression, wanted: Wanted, value: Any) -> None:
        """Take note of what an expression came to (an Unresolved if it didn't), and what was wanted of it."""
        self._values[id(node)] = node, wanted, value

    def meant(self, path: syntax.Path, meaning: Reached | Component | str) -> None:
        """Take note of what a path stands for: a name of the file, a component, or a word."""
        self._meanings[id(path)] = path, meaning

    def named(self, entry: syntax.Entry, path: syntax.Path) -> None:
        """Take note of a key that is the name of something, and of the path that stands for it."""
        self._names[id(entry)] = entry, path

    def changed(self, block: syntax.Block, base: Any) -> None:
        """Take note of what the block of a `with` changes."""
        self._bases[id(block)] = block, base

    def wanted(self, node: syntax.Expression) -> Wanted | None:
        """Give what is wanted where an expression stands; None if it was never reached."""
        found = self._values.get(id(node))
        return found[1] if found else None

    def value(self, node: syntax.Expression, otherwise: Any = None) -> Any:
        """Give what an expression came to."""
        found = self._values.get(id(node))
        return found[2] if found else otherwise

    def meaning(self, path: syntax.Path) -> Reached | Component | str | None:
        """Give what a path stands for; None if that isn't known."""
        found = self._meanings.get(id(path))
        return found[1] if found else None

    def name(self, entry: syntax.Entry) -> syntax.Path | None:
        """Give the path that a key stands for; None for those of fields and maps."""
        found = self._names.get(id(entry))
        return found[1] if found else None

    def base(self, block: syntax.Block) -> Any:
        """Give what the block of a `with` changes; None if that isn't known."""
        found = self._bases.get(id(block))
        return found[1] if found else None
