"""One canonical layout of a file: its tree becomes a document, and the document is set in lines."""

from .file import Formatted, formatted

__all__ = ["Formatted", "formatted"]
