"""The data `text`: documents from plain text."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import ClassVar

from ...api import Field
from ...baddata import BadData
from ...textfiles import decoded, opened, pieces
from .reader import Encoding, Reader, Record


class TextFiles(Reader):
    """Read documents from text files: each file is one, or is cut into several at a separator.

    The column `file` says which file a document is from, so that `split(by = "file")` keeps a book on one side.
    Files that end in .gz or .zst are decompressed. Line ends become `\\n`; pieces of nothing but blanks are left out.
    """

    name: ClassVar[str] = "text"
    example: ClassVar[str] = r'text("books/*.txt", separator = "\n\n\n")'

    separator: str | None = Field(
        None, min_length=1, description='What stands between documents (`"\\n"`: one a line); none is one a file'
    )
    encoding: Encoding = Field("utf_8", description="The encoding of the files")

    @property
    def columns(self) -> tuple[str, ...]:
        return ("text", "file")

    def text_form(self) -> Hashable:
        return ("separator", self.separator)

    def look(self, file: Path, name: str, rows: int) -> None:
        # A document may be gigabytes: its beginning tells the encoding.
        with opened(file, name) as stream:
            next(decoded(stream, self.encoding, name), None)

    def records(self, file: Path, name: str) -> Iterator[Record | BadData]:
        with opened(file, name) as stream:
            chunks = decoded(stream, self.encoding, name)
            documents = iter(["".join(chunks)]) if self.separator is None else pieces(chunks, self.separator, name)
            for document in documents:
                if document and not document.isspace():
                    yield {"text": document, "file": name}
