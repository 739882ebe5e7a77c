"""The data `squad`: questions on passages, in the layout of SQuAD."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

from ...api import Field, Text
from ...baddata import BadData, line, shortened
from ...textfiles import decoded, opened
from ..encoding.answers import Wrong, faults, read_answers
from .reader import Reader, Record, as_json, surrogate


class Squad(Reader):
    """Read questions from JSON in the layout of SQuAD v1.1, SQuAD v2 or JSQuAD, plain or compressed (.gz, .zst).

    The rows have the columns `id`, `title`, `question`, `context` and `answers`; the last one holds all right answers with
    their offsets in the context, in characters, and none for a question that is marked `is_impossible`. Each answer
    must stand at its offset.
    """

    name: ClassVar[str] = "squad"
    example: ClassVar[str] = 'squad("train-v2.0.json")'

    bad_rows: Literal["fail", "skip"] = Field(
        "fail", description="What a question that is wrong does: end the run, or be left out and counted"
    )

    @property
    def columns(self) -> tuple[str, ...]:
        return ("id", "title", "question", "context", "answers")

    @property
    def skips(self) -> bool:
        return self.bad_rows == "skip"

    def look(self, file: Path, name: str, rows: int) -> None:
        # One document: it is read whole or not at all.
        for number, record in enumerate(self.records(file, name)):
            if isinstance(record, BadData) and not self.skips:
                raise record
            if number >= rows:
                return

    def records(self, file: Path, name: str) -> Iterator[Record | BadData]:
        with opened(file, name) as stream:
            text = "".join(decoded(stream, "utf_8", name))
        place, seen = partial(_place, name, text), set[str]()
        for title, context, asked in _questions(_document(text, name), name):
            id = shortened(asked.get("id"))
            if id in seen:
                yield BadData("L0763", {"where": place(id, again=True), "id": id, "first": place(id)})
                continue
            seen.add(id)
            found = _row(title, context, asked)
            if isinstance(found, Wrong):
                yield BadData(found.code, {"where": place(id), **found.values}, help=found.help)
            else:
                yield found


def _place(name: str, text: str, id: str, again: bool = False) -> Text:
    """Give the line in which a question stands, found by its id: the first one of it, or the one after that.

    An id that the file writes otherwise than it reads is not found, and stands in the first line then.
    """
    shown = json.dumps(id, ensure_ascii=False)
    at = text.find(shown)
    if again:
        at = text.find(shown, at + 1)
    number = text.count("\n", 0, max(at, 0)) + 1
    return Text("data.question", {"file": name, "number": number, "id": id})


def _document(text: str, name: str) -> Any:
    """Read the document and give its list of articles."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        values = {"where": line(name, error.lineno), "reason": Text("squad.json", {"column": error.colno})}
        raise BadData("L0760", values) from None
    except RecursionError:
        raise BadData("L0760", {"where": line(name, 1), "reason": Text("jsonl.deep")}) from None
    except ValueError:
        raise BadData("L0760", {"where": line(name, 1), "reason": Text("jsonl.digits")}) from None


def _questions(document: Any, name: str) -> Iterator[tuple[str | None, str, Mapping[str, Any]]]:
    """Give the questions with the title of their article and their context."""
    for number, article in enumerate(_list(document, "data", name, "")):
        within = f"data[{number}]"
        for place, paragraph in enumerate(_list(article, "paragraphs", name, within)):
            inside = f"{within}.paragraphs[{place}]"
            context, title = paragraph.get("context"), article.get("title")
            if not isinstance(context, str):
                raise _layout(name, inside, "context")
            for asked in _list(paragraph, "qas", name, inside):
                yield title if isinstance(title, str) else None, context, asked


def _list(holder: Any, key: str, name: str, within: str) -> list[Mapping[str, Any]]:
    found = holder.get(key) if isinstance(holder, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise _layout(name, within, key)
    return found


def _layout(name: str, within: str, key: str) -> BadData:
    reason = Text("squad.layout", {"path": f"{within}.{key}".lstrip(".")})
    return BadData("L0760", {"where": Text("data.file", {"file": name}), "reason": reason})


def _row(title: str | None, context: str, asked: Mapping[str, Any]) -> Record | Wrong:
    """Make a row of a question, or say what is wrong with it."""
    id, question, given = asked.get("id"), asked.get("question"), asked.get("answers")
    for key, value, kinds in (("id", id, (str, int)), ("question", question, (str,))):
        if not isinstance(value, kinds):
            return Wrong("L0760", {"reason": Text("squad.layout", {"path": key})}, "L0760.help")
    is_impossible = asked.get("is_impossible") is True
    answers = [] if is_impossible else read_answers(given)
    if answers is None:
        return Wrong("L0765", {"column": "answers", "value": shortened(as_json(given))}, "L0765.help")
    if not answers and not is_impossible:
        return Wrong("L0764.unmarked", {}, "L0764.unmarked.help")
    for wrong in faults(str(question), context, answers):
        return wrong
    row: Record = {"id": str(id), "title": title, "question": str(question), "context": context}
    row["answers"] = as_json([{"text": each.text, "answer_start": each.start} for each in answers])
    if (broken := surrogate(row)) is not None:
        return Wrong("L0623", {"source": broken, "value": ascii(row[broken])[:60]}, "L0623.help")
    return row
