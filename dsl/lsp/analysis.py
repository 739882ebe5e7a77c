"""One check of a text, with all that an editor may ask about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .. import syntax
from ..catalogue import Catalogue, Component
from ..check import check
from ..diagnostics.model import Diagnostic
from ..program import Reference
from ..record import Record
from ..resolve.base import Binding, Context, Unresolved
from ..resolve.observer import Observer
from ..source import Source
from .walk import called_paths, walk


class Analysis(Record, eq=False):
    """A text, its tree, what is wrong with it, and what the resolver made of each part."""

    source: Source
    tree: syntax.SyntaxTree
    diagnostics: list[Diagnostic]
    observer: Observer
    catalogue: Catalogue
    root: Path
    earlier: Mapping[str, Any] = {}
    """Values that names had when the text could last be read, for those that have none now."""

    @property
    def context(self) -> Context:
        assert self.observer.context is not None, "a check makes one"
        return self.observer.context

    @property
    def bindings(self) -> Mapping[str, Binding]:
        """The names of the file."""
        return self.context.bindings

    def value(self, name: str) -> Any:
        """Give the value of a name of the file, an Unresolved if it has none."""
        binding = self.bindings.get(name)
        value = binding.value if binding is not None and binding.done else Unresolved()
        return self.earlier.get(name, value) if isinstance(value, Unresolved) else value

    def values(self) -> dict[str, Any]:
        """Give the values of all names that have one now, or had one earlier."""
        found = {name: binding.value for name, binding in self.bindings.items() if binding.done}
        return {**self.earlier, **{name: one for name, one in found.items() if not isinstance(one, Unresolved)}}

    def component(self, path: syntax.Path) -> Component | None:
        """Give the component that a path stands for."""
        meaning = self.observer.meaning(path)
        return None if meaning is None or isinstance(meaning, Binding | str) else meaning

    def binding(self, path: syntax.Path) -> Binding | None:
        """Give the name of the file that a path begins with; where nothing is known, the name itself decides."""
        meaning = self.observer.meaning(path)
        if meaning is not None:
            return meaning if isinstance(meaning, Binding) else None
        return self.bindings.get(path.segments[0].name)

    def called(self, block: syntax.With | syntax.Call) -> Component | None:
        """Give the component whose fields a call or a `with` sets."""
        if isinstance(block, syntax.Call):
            return self.component(block.path)
        base = self.observer.base(block.block)
        if base is None or isinstance(base, Unresolved):
            return base.component if base is not None else None
        return self.component_of(base)

    def component_of(self, value: Any) -> Component | None:
        """Give the component that a value is of, or that a reference's task is of; None for plain ones."""
        if isinstance(value, Reference):
            value = value.task
        if value is None or isinstance(value, Unresolved | str | int | float | list | dict):
            return None
        try:
            return self.catalogue.recipe(value)[0]
        except (AttributeError, KeyError, TypeError):
            return None

    def field(self, value: Any, name: str) -> Any:
        """Give the value of a component's field (or a map's key), the default if it wasn't set; None if unknown."""
        if isinstance(value, Unresolved):
            fields = value.component.fields if value.component else {}
            return fields[name].default if name in fields else None
        if isinstance(value, Reference):
            value = value.task
        if isinstance(value, Mapping):
            return value.get(name)
        component = self.component_of(value)
        if component is None or name not in component.fields:
            return None
        arguments = self.catalogue.recipe(value)[1]
        return arguments.get(name, component.fields[name].default)

    def names(self) -> Iterator[tuple[syntax.Path, Binding]]:
        """Give all paths that begin with a name of the file, those within strings too, in the order of the text."""
        called = called_paths(self.tree)
        for node in walk(self.tree):
            if isinstance(node, syntax.Path) and id(node) not in called:
                binding = self.binding(node)
                if binding is not None:
                    yield node, binding
            elif isinstance(node, syntax.Entry) and (binding := self.observer.key(node)) is not None:
                yield syntax.Path(node.key[0].span, node.key), binding


def analyse(source: Source, catalogue: Catalogue, root: Path, earlier: Mapping[str, Any] | None = None) -> Analysis:
    """Check a text and keep what was found out on the way."""
    observer = Observer()
    checked = check(source, catalogue, root=root, observer=observer)
    assert checked.tree is not None, "only a file that can't be read has no tree"
    return Analysis(source, checked.tree, checked.diagnostics, observer, catalogue, root, earlier or {})
