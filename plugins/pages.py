"""The pages of plugins' codes: `diagnostics/NAME.md` in a plugin's package is that of `prefix:NAME`."""

from __future__ import annotations

from pathlib import Path

from ..dsl.diagnostics.pages import find
from .hooks import GROUP


def page(code: str, language: str) -> str | None:
    """Give the page that an installed plugin has for one of its codes, or None; the plugin is not imported."""
    import importlib.metadata
    import importlib.util

    prefix, _, name = code.partition(":")
    for point in importlib.metadata.entry_points(group=GROUP):
        # The parent of a dotted module would be imported by looking for it.
        found = importlib.util.find_spec(point.module.partition(".")[0]) if point.name == prefix else None
        for folder in (found.submodule_search_locations or ()) if found else ():
            below = point.module.split(".")[1:]
            text = find(Path(folder, *below, "diagnostics"), name, language)
            if text is not None:
                return text
    return None


def distribution(prefix: str) -> str | None:
    """Give the installed distribution whose components are seen under a prefix."""
    import importlib.metadata

    for point in importlib.metadata.entry_points(group=GROUP):
        if point.name == prefix and point.dist is not None:
            return point.dist.name
    return None


def prefix_of(distribution: str) -> str | None:
    """Give the prefix under which the components of an installed distribution are seen."""
    import importlib.metadata

    points = importlib.metadata.distribution(distribution).entry_points
    return next((point.name for point in points if point.group == GROUP), None)
