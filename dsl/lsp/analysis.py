"""One check of a text, with all that an editor may ask about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .. import syntax
from ..catalogue import Catalogue, Component
from ..check import check
from ..diagnostics.model import Diagnostic
from ..imports import Parse, Read
from ..parser import parse, read
from ..program import Reference
from ..record import Record
from ..resolve.base import Binding, Context, Unresolved
from ..resolve.modules import Reached
from ..resolve.observer import Observer
from ..source import Source
from ..types import MODULE, Artifact, Variations
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
        return None if meaning is None or isinstance(meaning, Reached | str) else meaning

    def reached(self, path: syntax.Path) -> Reached | None:
        """Give the name that a path begins with, here or in an imported file.

        Where nothing is known of the path's meaning, the names themselves decide.
        """
        meaning = self.observer.meaning(path)
        if meaning is not None:
            return meaning if isinstance(meaning, Reached) else None
        head, *rest = path.segments
        binding = self.bindings.get(head.name)
        inner = self.module_of(binding)
        own = inner.bindings.get(rest[0].name) if inner is not None and rest else None
        if inner is not None and own is not None:
            return Reached(inner, own, 2)
        return Reached(self.context, binding, 1) if binding is not None else None

    def module_of(self, binding: Binding | None) -> Context | None:
        """Give the module that an import leads to."""
        value = binding.value if binding is not None and binding.done else None
        return value if isinstance(value, Context) else None

    def again(self, path: syntax.Path) -> int | None:
        """Give the index of the segment that names a declaration of this file again: `classify` of `search.best.classify`."""
        reached = self.reached(path)
        if reached is None or len(path.segments) < reached.segments + 2:
            return None
        output = self.outputs(reached.binding.value).get(path.segments[reached.segments].name)
        index = reached.segments + 1
        is_own = output is not None and output.name == MODULE and path.segments[index].name in self.bindings
        return index if is_own else None

    def outputs(self, value: Any) -> Mapping[str, Artifact]:
        """Give the outputs of a task, none if it could not be made."""
        if value is None or isinstance(value, Unresolved) or self.component_of(value) is None:
            return {}
        return self.catalogue.outputs(value)

    def varies_params(self, block: syntax.Block) -> bool:
        """Tell whether the keys of a block are params of the file."""
        wanted = self.observer.wanted(block)
        return wanted is not None and any(isinstance(option, Variations) for option in wanted.options)

    def files(self) -> set[Path]:
        """Give the files that are imported, here or by one of these."""
        found: set[Path] = set()
        waiting = [self.context.module]
        for module in waiting:
            for imported in module.imports.values():
                path = imported.module.source.path
                if path is not None and path not in found:
                    found.add(path)
                    waiting.append(imported.module)
        return found

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
        if value is None or isinstance(value, Unresolved | Context | str | int | float | list | dict):
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

    def names(self) -> Iterator[tuple[syntax.Path, Reached]]:
        """Give all paths that begin with a name of the file, those within strings too, in the order of the text."""
        called = called_paths(self.tree)
        for node in walk(self.tree):
            if isinstance(node, syntax.Entry):
                node = self.observer.name(node) or node
            if isinstance(node, syntax.Path) and id(node) not in called:
                reached = self.reached(node)
                if reached is not None:
                    yield node, reached


def analyse(
    source: Source,
    catalogue: Catalogue,
    root: Path,
    earlier: Mapping[str, Any] | None = None,
    read_import: Read = read,
    parse: Parse = parse,
) -> Analysis:
    """Check a text and keep what was found out on the way."""
    observer = Observer()
    checked = check(source, catalogue, root=root, read_import=read_import, parse=parse, observer=observer)
    assert checked.tree is not None, "only a file that can't be read has no tree"
    return Analysis(source, checked.tree, checked.diagnostics, observer, catalogue, root, earlier or {})
