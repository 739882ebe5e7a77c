"""The encoding `words`: words with a tag each, as pieces of tokens in overlapping windows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from ...component import Facts, TaskFailed
from ...values import ArrayOf, Encoding
from ..tags import Scheme, as_iob2, fault, in_order
from .labels import list_of
from .text import encode, first_token, plain, role, shown

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Tokenizer

    Array = np.ndarray[Any, Any]

RECORDS = 1024
"""Records that are encoded together."""

UNTAGGED = object()
"""Stands for the tags of a record that nobody tagged."""

Piece = Literal["first", "last", "all"]


class Words(Encoding):
    """Make rows of the start token, the pieces of the words of a record, and the end token.

    Each word is encoded with the separator before it, so that it has the pieces that it has in running text, and no
    piece is of two words. A record that is too long becomes several rows, windows that overlap; each of its words has
    its tag in one of them, where it is further from the border.

    `tags` are numbers of tags from 1 on; what has none is 0: marks, further pieces of a word, and words that have theirs
    in another window. `words` are the numbers of words in their record, from 1 on, where the model's tag for them is read.
    """

    name: ClassVar[str] = "words"

    length: Annotated[int, Field(gt=3, description="The most tokens of a row, marks included")]
    overlap: Annotated[int | None, Field(ge=0, description="The tokens that two windows share; none is a quarter")] = (
        None
    )
    separator: Annotated[str, Field(description="What stands between two words in running text")] = " "
    tagged: Annotated[Piece, Field(description="Which pieces of a word carry its tag")] = "first"
    read: Annotated[Literal["first", "last"], Field(description="At which piece the model's tag is read")] = "first"
    scheme: Annotated[Scheme, Field(description="How tags mark spans")] = "iob2"

    def arrays(self) -> dict[str, ArrayOf]:
        return {
            "tokens": ArrayOf("token", (None,)),
            "segments": ArrayOf("uint8", (None,)),
            "tags": ArrayOf("uint16", (None,)),
            "words": ArrayOf("uint32", (None,)),
            "record": ArrayOf("int64"),
        }

    def collect(self, records: Iterable[Mapping[str, Any]]) -> Facts:
        """Collect the tags."""
        found: set[str] = set()
        for record in records:
            found.update(self._tags(record, words_of(record)))
        labels = in_order(found, self.scheme)
        if len(labels) < 2:
            raise TaskFailed("L0512", {"label": shown(next(iter(labels), None))}, field="data", help="L0512.tags")
        return {"labels": labels}

    def rows(
        self, records: Iterable[Mapping[str, Any]], tokenizer: Tokenizer, roles: Mapping[str, int], facts: Facts
    ) -> Iterator[dict[str, Any]]:
        tokenizer, start, end = plain(tokenizer), first_token(roles), role(roles, "end")
        separator = "" if _marks_words(tokenizer) else self.separator
        index = {tag: number for number, tag in enumerate(facts["labels"], 1)}
        records = iter(records)
        while batch := list(islice(records, RECORDS)):
            texts = [_spaced(words_of(record), separator) for record in batch]
            # Most words occur again and again.
            known = list(dict.fromkeys(text for one in texts for text in one))
            pieces = dict(zip(known, (one.ids for one in encode(tokenizer, known)), strict=True))
            for record, text in zip(batch, texts, strict=True):
                # A word that the tokenizer makes nothing of (a control character) still has its place.
                parts = [pieces[word][: self.length - 2] or [end] for word in text]
                numbers = self._numbers(record, words_of(record), index)
                for window in windows([len(part) for part in parts], self.length - 2, self._overlap):
                    row = self._row(parts, numbers, window, (start, end))
                    yield {**row, "record": record["_record"]}

    @property
    def _overlap(self) -> int:
        room = self.length - 2
        return min(room // 4 if self.overlap is None else self.overlap, room // 2)

    def _tags(self, record: Mapping[str, Any], words: Sequence[str]) -> list[str]:
        """Give the tags of a record's words. Raises TaskFailed for what doesn't fit them or marks no spans."""
        tags = _strings(record, "tags")
        if len(tags) != len(words):
            raise _failed("L0756", record, {"words": len(words), "tags": len(tags)})
        wrong = fault(tags, self.scheme)
        if wrong is not None:
            before = tags[wrong - 1] if wrong else None
            values = {"tag": shown(tags[wrong]), "word": shown(words[wrong]), "before": shown(before)}
            raise _failed("L0759", record, values, wrong)
        return as_iob2(tags) if self.scheme == "iob1" else tags

    def _numbers(self, record: Mapping[str, Any], words: Sequence[str], index: Mapping[str, int]) -> list[int]:
        if record["tags"] is UNTAGGED:
            return [0] * len(words)
        tags = self._tags(record, words)
        for number, (word, tag) in enumerate(zip(words, tags, strict=True)):
            if tag not in index:
                values = {"tag": shown(tag), "word": shown(word), "known": ", ".join(list(index)[:10])}
                raise _failed("L0758", record, values, number)
        return [index[tag] for tag in tags]

    def _row(
        self, parts: Sequence[Sequence[int]], numbers: Sequence[int], window: Window, marks: tuple[int, int]
    ) -> dict[str, Any]:
        """Put the arrays of a window together."""
        import numpy as np

        (start, end), (first, behind, own, own_behind) = marks, window
        tokens, tags, words = [start], [0], [0]
        for number in range(first, behind):
            part = parts[number]
            tokens += part
            is_own = own <= number < own_behind
            tags += _along(len(part), self.tagged, numbers[number] if is_own else 0)
            words += _along(len(part), self.read, number + 1 if is_own else 0)
        return {
            "tokens": np.array([*tokens, end], dtype=np.int64),
            "segments": np.ones(len(tokens) + 1, dtype=np.uint8),
            "tags": np.array([*tags, 0], dtype=np.int64),
            "words": np.array([*words, 0], dtype=np.int64),
        }


Window = tuple[int, int, int, int]
"""The first word of a row and that behind its last one, and the same of those whose tags it has."""


def windows(sizes: Sequence[int], room: int, overlap: int) -> Iterator[Window]:
    """Cut words of so many tokens into windows of at most `room` tokens, which share at most `overlap` tokens.

    No word is cut. Of the words that two windows share the first half belongs to the first.
    """
    ends = list(accumulate(sizes, initial=0))
    first = own = 0
    while True:
        behind = first
        while behind < len(sizes) and ends[behind + 1] - ends[first] <= room:
            behind += 1
        if behind == len(sizes):
            yield first, behind, own, behind
            return
        following = behind
        while following - 1 > first and ends[behind] - ends[following - 1] <= overlap:
            following -= 1
        border = (following + behind + 1) // 2
        yield first, behind, own, border
        first, own = following, border


_CHINESE, _HIRAGANA, _KATAKANA = "一-鿿㐀-䶿々〆", "ぁ-ゖゝゞ", "ァ-ヺーヽヾ"
_RUNS = re.compile(f"[{_CHINESE}]+|[{_HIRAGANA}]+|[{_KATAKANA}]+|(?:(?![{_CHINESE}{_HIRAGANA}{_KATAKANA}])\\w)+|\\S")
"""What counts as a word of a text that nobody cut into words."""


def words_of(record: Mapping[str, Any]) -> list[str]:
    """Give the words of a record. Raises TaskFailed if it has none.

    A text that is to be tagged and comes as such is cut where the sort of its characters changes.
    """
    text = record["tokens"]
    is_plain = record["tags"] is UNTAGGED and isinstance(text, str) and list_of(text) is None
    words = _RUNS.findall(text) if is_plain else _strings(record, "tokens")
    if not words:
        raise _failed("L0757", record, {"column": "tokens", "value": "[]"})
    return words


def _strings(record: Mapping[str, Any], column: str) -> list[str]:
    found = list_of(record[column])
    if found is None or not all(isinstance(each, str) for each in found):
        raise _failed("L0757", record, {"column": column, "value": shown(record[column])[:80]})
    return found


def _failed(code: str, record: Mapping[str, Any], values: Mapping[str, Any], word: int = 0) -> TaskFailed:
    """Give what ends the task for a record; its line is named where the data knows it."""
    line = record.get("line")
    found = {**values, "record": record["_record"] + 1}
    if line is not None:
        found["line"] = int(line) + word
    return TaskFailed(code if line is None else f"{code}.line", found, field="data", help=f"{code}.help")


def _spaced(words: Sequence[str], separator: str) -> list[str]:
    """Give words as they stand in running text, each with what parts it from the one before."""
    return [*words[:1], *(separator + word for word in words[1:])]


def _along(size: int, where: Piece, value: int) -> list[int]:
    """Give a value at one piece of a word, or at all; 0 at the others."""
    if where == "all":
        return [value] * size
    rest = [0] * (size - 1)
    return [value, *rest] if where == "first" else [*rest, value]


def _marks_words(tokenizer: Tokenizer) -> bool:
    """Tell whether a tokenizer marks the beginning of a word by itself, as SentencePiece does."""
    return bool(tokenizer.encode("a", add_special_tokens=False).tokens[:1] in (["▁"], ["▁a"]))
