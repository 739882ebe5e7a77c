"""The words of the built-in components' diagnostics: a module for each language and area."""

from __future__ import annotations

from importlib import import_module

AREAS = ("adapters", "answers", "chat", "data", "hub", "labels", "learning", "plugins", "rules", "stages", "sweeps")


def texts(language: str) -> dict[str, str]:
    """Give all texts of a language (`en` or `ja`) by key."""
    found: dict[str, str] = {}
    for area in AREAS:
        found.update(import_module(f".{language}_{area}", __name__).MESSAGES)
    return found
