"""The encoding `windows`: a question with each of the overlapping windows of a context."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from ....dsl.diagnostics.model import Text
from ...component import Facts, TaskFailed
from ...values import ArrayOf, Encoding
from .answers import Answer, Wrong, faults, one_answer, read_answers
from .text import batches, encode, first_token, plain, role, shown, text_of

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Encoding as Encoded
    from tokenizers import Tokenizer

    Array = np.ndarray[Any, Any]

MARKS = 3
"""Tokens of a row that are neither question nor context: the start token, and the end token behind each."""


class Windows(Encoding):
    """Make rows of the start token, the question, the end token, a window of the context, and the end token.

    `begins` and `ends` are the offsets of each token of the context in characters of the source, without the white
    space that a token may begin or end with; what a tokenizer normalises is counted as it was written. `start` and
    `end` are the first and the last token of the first answer that the window holds whole, -1 if it holds none, and
    `none` is the place that stands for no answer. A question that is longer than half of the row loses its end.
    """

    name: ClassVar[str] = "windows"

    length: Annotated[int, Field(gt=2 * MARKS, description="The most tokens of a row, marks included")]
    stride: Annotated[int | None, Field(gt=0, description="Tokens from one window to the next")] = None
    answer_start: Annotated[str | None, Field(description="The column of the offset of the one `answer`")] = None
    none: Annotated[Literal["first", "last"], Field(description="The token that stands for no answer")] = "first"

    def arrays(self) -> dict[str, ArrayOf]:
        along = {name: ArrayOf("uint8", (None,)) for name in ("segments", "types", "context")}
        offsets = {name: ArrayOf("int32", (None,)) for name in ("begins", "ends")}
        scalars = {name: ArrayOf("int32") for name in ("start", "end", "none")}
        return {
            "tokens": ArrayOf("token", (None,)),
            **along,
            **offsets,
            **scalars,
            "record": ArrayOf("int64"),
        }

    def rows(
        self, records: Iterable[Mapping[str, Any]], tokenizer: Tokenizer, roles: Mapping[str, int], facts: Facts
    ) -> Generator[dict[str, Any], None, dict[str, int]]:
        tokenizer, marks = plain(tokenizer), (first_token(roles), role(roles, "end"))
        seen: dict[str, int] = {}
        said: Counter[str] = Counter()
        for batch in batches(records, "context"):
            questions = encode(tokenizer, [text_of(record, "question") for record in batch])
            contexts = encode(tokenizer, [record["context"] for record in batch], words=True)
            for record, question, context in zip(batch, questions, contexts, strict=True):
                _unique(record, seen)
                answers = self._answers(record)
                said.update((yield from self._windows(record, question.ids, context, answers, marks)))
        return dict(said)

    def _answers(self, record: Mapping[str, Any]) -> list[Answer]:
        """Give the answers of a record; TaskFailed if something is wrong with it."""
        column = "answers" if self.answer_start is None else "answer"
        if self.answer_start is None:
            answers = read_answers(record[column])
        elif not record[column]:
            answers = []
        else:
            one = one_answer(record[column], record[self.answer_start])
            answers = None if one is None else [one]
        if answers is None:
            values = {"column": column, "value": shown(record[column])[:80]}
            raise failure(record, Wrong("L0765", values, "L0765.help" if column == "answers" else "L0765.offset"))
        for wrong in faults(record["question"], record["context"], answers):
            raise failure(record, wrong)
        return answers

    def _windows(
        self,
        record: Mapping[str, Any],
        question: Sequence[int],
        context: Encoded,
        answers: Sequence[Answer],
        marks: tuple[int, int],
    ) -> Generator[dict[str, Any], None, dict[str, int]]:
        """Give the rows of a question, and in the end which of the things that are to be told are so of it."""
        most = (self.length - MARKS) // 2
        asked = [marks[0], *question[:most], marks[1]]
        room = self.length - len(asked) - 1
        step = min(self.stride or max(room // 2, 1), room)
        begins, ends = offsets(context, record["context"])
        spans = [_span(answer, begins, ends) for answer in answers]
        firsts = range(0, max(len(begins) - room + step, 1), step)
        places = [_first_within(spans, first, first + room) for first in firsts]
        for first, place in zip(firsts, places, strict=True):
            part = slice(first, first + room)
            row = _row(asked, context.ids[part], marks[1], begins[part], ends[part])
            shift = len(asked) - first
            row["start"], row["end"] = (-1, -1) if place is None else (place[0] + shift, place[1] + shift)
            row["none"] = 0 if self.none == "first" else len(row["tokens"]) - 1
            row["record"] = record["_record"]
            yield row
        found = any(place is not None for place in places)
        return {
            "tokens.unanswered": not answers,
            "tokens.lost": bool(answers) and not found,
            "tokens.inexact": found and not any(span is not None and span[2] for span in spans),
            "tokens.questions_cut": len(question) > most,
        }


def offsets(encoded: Encoded, text: str) -> tuple[Array, Array]:
    """Give where each token begins and ends in a text, in characters, without white space at its borders.

    Where a normaliser makes one character of two ("e" and an accent), the library tokenizers counts the first alone:
    what such a character was made of belongs to its tokens here.
    """
    import numpy as np

    pairs = np.array(encoded.offsets, dtype=np.int64).reshape(-1, 2)
    begins, ends = pairs[:, 0].copy(), pairs[:, 1].copy()
    nexts = np.append(begins[1:], len(text))
    for end, following in {(int(ends[at]), int(nexts[at])) for at in np.flatnonzero(ends < nexts)}:
        ends[ends == end] = _whole_character(text, end, following)
    blank = np.array([*(character.isspace() for character in text), False])
    while (more := (begins < ends) & blank[begins]).any():
        begins += more
    while (more := (begins < ends) & blank[ends - 1]).any():
        ends -= more
    return begins, ends


def _whole_character(text: str, end: int, most: int) -> int:
    """Give where the character ends that ends at a place, with the marks and parts behind it that no token has."""
    start = end - 1
    while 0 < end < most and (
        unicodedata.category(text[end])[0] == "M" or len(unicodedata.normalize("NFKC", text[start : end + 1])) == 1
    ):
        end += 1
    return end


def failure(record: Mapping[str, Any], wrong: Wrong) -> TaskFailed:
    """Give what ends the task for a record that is wrong; the split is added where it is known."""
    where = Text("data.record", {"record": record["_record"] + 1})
    return TaskFailed(wrong.code, {"where": where, **wrong.values}, field="data", help=wrong.help)


def _unique(record: Mapping[str, Any], seen: dict[str, int]) -> None:
    """Hold the id of a record, if it has one, against those before it."""
    id = record.get("id")
    if id is None:
        return
    first = seen.setdefault(id, record["_record"])
    if first != record["_record"]:
        before = Text("data.record", {"record": first + 1})
        raise failure(record, Wrong("L0763", {"id": id, "first": before}, "L0763.help"))


def _span(answer: Answer, begins: Array, ends: Array) -> tuple[int, int, bool] | None:
    """Give the first and the last token of an answer, and whether they hold its characters and no other.

    None if no token holds any of it.
    """
    import numpy as np

    start = answer.end - len(answer.text.lstrip())
    end = answer.start + len(answer.text.rstrip())
    touching = np.flatnonzero((begins < end) & (ends > start))
    if not len(touching):
        return None
    first, last = int(touching[0]), int(touching[-1])
    return first, last, bool(begins[first] == start and ends[last] == end)


def _first_within(
    spans: Sequence[tuple[int, int, bool] | None], first: int, behind: int
) -> tuple[int, int, bool] | None:
    """Give the first answer that lies wholly in a window of tokens."""
    return next((span for span in spans if span is not None and first <= span[0] and span[1] < behind), None)


def _row(asked: list[int], part: list[int], end: int, begins: Array, ends: Array) -> dict[str, Any]:
    """Put the arrays of a window together."""
    import numpy as np

    before, length = len(asked), len(asked) + len(part) + 1
    row: dict[str, Any] = {
        "tokens": np.array([*asked, *part, end], dtype=np.int64),
        "segments": np.ones(length, dtype=np.uint8),
    }
    row["types"] = (np.arange(length) >= before).astype(np.uint8)
    row["context"] = row["types"].copy()
    row["context"][-1] = 0
    for name, array in (("begins", begins), ("ends", ends)):
        row[name] = np.pad(array, (before, 1))
    return row
