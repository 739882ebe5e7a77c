"""The data `conll`: a word a line with its tag, in columns."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from ...api import Field, Place
from ...baddata import BadData, line, shortened
from ...textfiles import decoded, opened, pieces
from .reader import Encoding, Reader, Record

Number = Annotated[int, Field(ge=1)]


class Conll(Reader):
    """Read sentences from files with a word a line, in columns, and a blank line between sentences.

    `tokens` are the words of a sentence and `tags` a tag for each, both as JSON; `line` is the line in which it begins.
    Lines that begin with `-DOCSTART-` part documents, and are left out. Columns stand between tabs, or where a line has
    no tab between blanks.
    """

    name: ClassVar[str] = "conll"
    example: ClassVar[str] = 'conll("names.txt", tokens = 1, tags = last)'

    tokens: Number = Field(1, description="Which column holds the words, the first being 1")
    tags: Number | Literal["last"] = Field("last", description="Which column holds the tags")
    delimiter: str | None = Field(
        None, min_length=1, max_length=1, description="What stands between columns; none is a tab, or else blanks"
    )
    comment: str | None = Field(None, min_length=1, description="How a line begins that is no word")
    encoding: Encoding = Field("utf_8", description="The encoding of the files")

    @property
    def columns(self) -> tuple[str, ...]:
        return ("tokens", "tags", "line")

    def text_form(self) -> Hashable:
        return ("tokens", self.tokens)

    def check(self, place: Place) -> None:
        if self.tags == self.tokens:
            place.error("tags", "L0754", {"column": self.tags}, help="L0754.help")
        super().check(place)

    def records(self, file: Path, name: str) -> Iterator[Record | BadData]:
        words: list[str] = []
        tags: list[str] = []
        start = 0
        with opened(file, name) as stream:
            for number, content in enumerate(pieces(decoded(stream, self.encoding, name), "\n", name), 1):
                text = content.rstrip("\r")
                if not text.strip():
                    if words:
                        yield _sentence(words, tags, start)
                    words, tags = [], []
                elif not text.startswith("-DOCSTART-") and not (self.comment and text.startswith(self.comment)):
                    if not words:
                        start = number
                    pair = self._pair(text, name, number)
                    if isinstance(pair, BadData):
                        yield pair
                        return
                    words.append(pair[0])
                    tags.append(pair[1])
        if words:
            yield _sentence(words, tags, start)

    def _pair(self, text: str, name: str, number: int) -> tuple[str, str] | BadData:
        """Give the word and the tag of a line."""
        delimiter = self.delimiter or ("\t" if "\t" in text else None)
        columns = text.split(delimiter)
        at = len(columns) if self.tags == "last" else self.tags
        needed = max(self.tokens, at, self.tokens + 1 if self.tags == "last" else 0)
        word, tag = ("", "") if len(columns) < needed else (columns[self.tokens - 1], columns[at - 1].strip())
        if word and tag:
            return word, tag
        values = {"where": line(name, number), "line": shortened(text), "columns": len(columns)}
        return BadData("L0756.missing", values, field="path", help="L0756.missing.help")


def _sentence(words: Sequence[str], tags: Sequence[str], start: int) -> Record:
    return {
        "tokens": json.dumps(words, ensure_ascii=False),
        "tags": json.dumps(tags, ensure_ascii=False),
        "line": str(start),
    }
