"""Diagnostics for every file that they are about: a file's own, and those that it finds in what it imports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lsprotocol import types

from ..source import Source
from .actions import diagnostic
from .analysis import Analysis
from .documents import Document, Documents
from .positions import Positions
from .say import Say

Send = Callable[[types.PublishDiagnosticsParams], None]


class Publisher:
    """Keeps what each open file found where, and sends an editor the union of it."""

    def __init__(self, documents: Documents, send: Send) -> None:
        self.documents = documents
        self.send = send
        self._found: dict[str, dict[str, list[types.Diagnostic]]] = {}
        """Open file -> file -> what the first found in the second."""

    def publish(self, document: Document, analysis: Analysis, say: Say) -> None:
        """Send what an analysis found."""
        found: dict[str, list[types.Diagnostic]] = {document.uri: []}
        place = self.place(document)
        for one in analysis.diagnostics:
            source = one.span.source if one.span is not None else analysis.source
            uri = document.uri if source.path is None else place(source)[0]
            found.setdefault(uri, []).append(diagnostic(one, source if source.path else analysis.source, place, say))
        before = self._found.get(document.uri, {})
        self._found[document.uri] = found
        for uri in {**before, **found}:
            self._send(uri)

    def forget(self, uri: str) -> None:
        """Take back what a file found: it was closed."""
        for other in self._found.pop(uri, {}):
            self._send(other)

    def place(self, document: Document) -> Callable[[Source], tuple[str, Positions]]:
        """Give a function that finds the URI and the positions of a source."""
        encoding = document.positions.encoding
        known: dict[int, Positions] = {id(document.source): document.positions}

        def of(source: Source) -> tuple[str, Positions]:
            if source is document.source or source.path in (None, document.path):
                return document.uri, known.setdefault(id(source), Positions(source.text, encoding))
            assert source.path is not None
            uri = self._uri(source.path)
            return uri, known.setdefault(id(source), Positions(source.text, encoding))

        return of

    def _uri(self, path: Path) -> str:
        """Give the URI of a file as the editor writes it, if it is open there."""
        for uri, document in self.documents.open.items():
            if document.path == path:
                return uri
        return path.absolute().as_uri()

    def _send(self, uri: str) -> None:
        shown: list[types.Diagnostic] = []
        own = self._found.get(uri, {}).get(uri)
        # What others find in an open file it finds itself, of its newest text.
        for found in [own] if own is not None else [one.get(uri, []) for one in self._found.values()]:
            shown += [one for one in found if one not in shown]
        document = self.documents.open.get(uri)
        self.send(types.PublishDiagnosticsParams(uri, shown, document.version if document else None))
