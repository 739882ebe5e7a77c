"""The open files of an editor, and their analyses: made off the event loop, one at a time, once for each text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pygls.uris import to_fs_path

from ..catalogue import Catalogue
from ..check import find_root
from ..diagnostics.model import Diagnostic
from ..parser import read
from ..pieces import Pieces
from ..reading import decode
from ..record import replace
from ..source import Source
from .analysis import Analysis, analyse
from .positions import Positions

MakeCatalogue = Callable[[], Catalogue]


class Document:
    """An open file: its text, and what the last analyses found."""

    def __init__(self, uri: str, text: str, version: int | None, encoding: str) -> None:
        self.uri = uri
        self.version = version
        path = to_fs_path(uri) if uri.startswith("file:") else None
        self.path = Path(path) if path else None
        self.source = Source(self.path.name if self.path else uri.rpartition(":")[2], text, self.path)
        self.positions = Positions(text, encoding)
        self.analysis: Analysis | None = None
        """Of the text as it is; None if it isn't made yet."""
        self.earlier: dict[str, Any] = {}
        """Values of the names, from the last text in which they had one."""
        self.pending: asyncio.Future[Analysis] | None = None
        self.waiting: asyncio.Task[None] | None = None
        """What publishes diagnostics once the typing pauses."""

    @property
    def root(self) -> Path:
        return find_root(self.path) if self.path else Path.cwd()

    def changed(self, text: str, version: int | None) -> Document:
        """Give the document with another text."""
        after = Document(self.uri, text, version, self.positions.encoding)
        after.earlier = self.analysis.values() if self.analysis else self.earlier
        after.waiting = self.waiting
        return after


class Documents:
    """All open files. Checking shares caches that know no threads, so one thread does all of it."""

    def __init__(self, make_catalogue: MakeCatalogue) -> None:
        self.make_catalogue = make_catalogue
        self.open: dict[str, Document] = {}
        self.pieces = Pieces()
        self.worker = ThreadPoolExecutor(1, "llx-check")

    def set(self, uri: str, text: str, version: int | None, encoding: str) -> Document:
        """Take over a file's text."""
        before = self.open.get(uri)
        document = before.changed(text, version) if before else Document(uri, text, version, encoding)
        self.open[uri] = document
        return document

    def close(self, uri: str) -> None:
        """Forget a file."""
        document = self.open.pop(uri, None)
        if document is not None and document.waiting is not None:
            document.waiting.cancel()

    async def analysis(self, document: Document) -> Analysis:
        """Give the analysis of a document, made if need be; those who ask at once share it."""
        if document.analysis is None:
            if document.pending is None:
                document.pending = asyncio.ensure_future(self.run(self.analyse, document, document.source))
            document.analysis = await asyncio.shield(document.pending)
        return document.analysis

    def analyse(self, document: Document, source: Source) -> Analysis:
        """Check a text as that of a document; one that no file may hold (it is too large) isn't looked into."""
        held, refused = decode(source.text.encode("utf-8", "replace"), source.path, source.name)
        if held is None:
            nothing = analyse(Source(source.name, "", source.path), self.make_catalogue(), document.root)
            return replace(nothing, source=source, diagnostics=refused)
        return analyse(source, self.make_catalogue(), document.root, document.earlier, self.read, self.pieces.parse)

    def read(self, path: Path, shown_name: str) -> tuple[Source | None, list[Diagnostic]]:
        """Read an imported file: what the editor holds of it comes before what is stored."""
        held = next((one for one in list(self.open.values()) if one.path == path), None)
        return (Source(shown_name, held.source.text, path), []) if held is not None else read(path, shown_name)

    def importers(self, document: Document) -> list[Document]:
        """Give the open files that import a document."""
        others = [one for one in self.open.values() if one.uri != document.uri and one.analysis is not None]
        return [one for one in others if one.analysis is not None and document.path in one.analysis.files()]

    async def run(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do something off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.worker, work, *arguments)

    def stop(self) -> None:
        """Let go of the thread."""
        self.worker.shutdown(wait=False, cancel_futures=True)
