"""The language server: pygls' machinery, the open files, and when they are checked."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from ..diagnostics import words
from .documents import Document, Documents, MakeCatalogue
from .hints import Wishes
from .publish import Publisher
from .say import Say

if TYPE_CHECKING:
    from pygls.server import ServerErrors

PAUSE = 0.15
"""Seconds without a keystroke after which a text is checked."""


class RequestFailed(JsonRpcException):
    """A request that was right and can't be done, for a reason that the user is told: no mistake of the server."""

    CODE = -32803
    """The protocol's code for it."""


def is_mistake(record: logging.LogRecord) -> bool:
    """Tell whether what pygls logs, with a traceback for every error that it answers with, is worth a line."""
    return not (record.exc_info and isinstance(record.exc_info[1], RequestFailed))


class Server(LanguageServer):
    """Serves one editor. `make_catalogue` gives the components that a file sees, anew for each check."""

    def __init__(self, make_catalogue: MakeCatalogue, version: str) -> None:
        # Whole texts are sent: an edit within a line would be counted by pygls, which ends lines where Python does.
        super().__init__("llx", version, types.TextDocumentSyncKind.Full)
        self.documents = Documents(make_catalogue)
        self.publisher = Publisher(self.documents, self.text_document_publish_diagnostics)
        self.say = Say(words.language())
        self.wishes = Wishes()
        self.snippets = False
        self.again: str | None = None

    def report_server_error(self, error: Exception, source: ServerErrors) -> None:
        if not isinstance(error, RequestFailed):
            super().report_server_error(error, source)

    def configure(self, params: types.InitializeParams) -> None:
        """Take over what the editor says of itself: its language, what it can show, and what its user wants."""
        language = words.language()
        locale = (params.locale or "").lower()
        if not os.environ.get("LLX_LANG") and locale:
            language = next((known for known in words.LANGUAGES if locale.startswith(known)), "en")
        text = params.capabilities.text_document
        formats = text.hover.content_format if text and text.hover else None
        self.say = Say(language, formats is None or types.MarkupKind.Markdown in formats)
        item = text.completion.completion_item if text and text.completion else None
        self.snippets = bool(item and item.snippet_support)
        options = params.initialization_options
        if not isinstance(options, Mapping):
            return
        again, hints = options.get("completeAgain"), options.get("inlayHints")
        self.again = again if isinstance(again, str) else None
        if isinstance(hints, Mapping):
            self.wishes = Wishes(bool(hints.get("values", True)), bool(hints.get("defaults", True)))

    @property
    def encoding(self) -> str:
        chosen = self.workspace.position_encoding
        return str(getattr(chosen, "value", chosen) or "utf-16")

    def update(self, uri: str, text: str, version: int | None, pause: float = PAUSE) -> None:
        """Take over a file's text; check it, and the open files that import it, when the typing pauses."""
        document = self.documents.set(uri, text, version, self.encoding)
        self._later(document, pause)
        for other in self.documents.importers(document):
            self._later(self.documents.set(other.uri, other.source.text, other.version, self.encoding), pause)

    def _later(self, document: Document, pause: float) -> None:
        if document.waiting is not None:
            document.waiting.cancel()
        document.waiting = asyncio.ensure_future(self._check(document, pause))

    def document(self, uri: str) -> Document:
        """Give an open file; one that the editor never opened is read as pygls does."""
        if uri in self.documents.open:
            return self.documents.open[uri]
        return Document(uri, self.workspace.get_text_document(uri).source, None, self.encoding)

    async def _check(self, document: Document, pause: float) -> None:
        await asyncio.sleep(pause)
        analysis = await self.documents.analysis(document)
        if self.documents.open.get(document.uri) is document:
            self.publisher.publish(document, analysis, self.say)


def serve(make_catalogue: MakeCatalogue, version: str) -> Server:
    """Make a server that knows all features."""
    from .features import FEATURES

    logging.getLogger("pygls.protocol.json_rpc").addFilter(is_mistake)
    server = Server(make_catalogue, version)
    for method, options, handler in FEATURES:
        server.feature(method, options)(handler)
    return server
