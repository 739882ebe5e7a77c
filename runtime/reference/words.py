"""The words of one language, and how a page is put together."""

from __future__ import annotations

from ...dsl.diagnostics.model import Text
from ..words import say_text


class Words:
    """Says texts of the catalogue in one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, key: str, /, **values: object) -> str:
        return self.text(Text(key, values))

    def text(self, text: Text) -> str:
        """Put a text into words."""
        return say_text(text, self.language)

    def page(self, title: str, *parts: str) -> str:
        """Put a page together: its title, and what is not empty of the parts below."""
        return "\n\n".join([f"# {title}", *(part for part in parts if part)]) + "\n"
