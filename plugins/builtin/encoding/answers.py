"""Answers within a context: read from a record, and held against the text that they are said to stand in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ....dsl.record import Record


class Answer(Record):
    """A piece of a context: its characters, and the offset of the first one (from 0)."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """The offset behind the last character."""
        return self.start + len(self.text)


class Wrong(Record):
    """What is wrong with a question, its context or its answers: what a diagnostic is made of, but for the place."""

    code: str
    values: Mapping[str, object]
    help: str


def read_answers(value: Any) -> list[Answer] | None:
    """Read answers from a column; None if they can't be.

    They are written as SQuAD has them, [{"text": …, "answer_start": …}, …], or as on the hub,
    {"text": […], "answer_start": […]}; also as JSON of these. Nothing, and a list of none, is no answer.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.strip() else None
        except (ValueError, RecursionError):
            return None
    if value is None:
        return []
    if isinstance(value, Mapping):
        texts, starts = value.get("text"), value.get("answer_start")
        if not isinstance(texts, list) or not isinstance(starts, list) or len(texts) != len(starts):
            return None
        value = [{"text": text, "answer_start": start} for text, start in zip(texts, starts, strict=True)]
    if not isinstance(value, list):
        return None
    answers = [one_answer(each.get("text"), each.get("answer_start")) for each in value if isinstance(each, Mapping)]
    if len(answers) < len(value) or None in answers:
        return None
    return [answer for answer in answers if answer is not None]


def one_answer(text: Any, start: Any) -> Answer | None:
    """Make an answer of a text and an offset, which may be written as a string; None if they are none."""
    if isinstance(start, str) and start.strip().lstrip("-").isascii() and start.strip().lstrip("-").isdigit():
        start = int(start)
    if not isinstance(text, str) or not isinstance(start, int) or isinstance(start, bool):
        return None
    return Answer(text, start)


def faults(question: str, context: str, answers: Sequence[Answer]) -> Iterator[Wrong]:
    """Give what is wrong with a question: empty texts, empty answers, answers that don't stand where they should."""
    for column, text in (("question", question), ("context", context)):
        if not text.strip():
            yield Wrong("L0762", {"column": column}, "L0762.help")
    for answer in answers:
        if not answer.text.strip():
            yield Wrong("L0764", {}, "L0764.help")
        elif answer.start < 0 or context[answer.start : answer.end] != answer.text:
            yield _misplaced(context, answer)


def _misplaced(context: str, answer: Answer) -> Wrong:
    """Tell where an answer stands that doesn't stand where it is said to."""
    found = context[max(answer.start, 0) :][: len(answer.text)] if answer.start >= 0 else ""
    place, count = context.find(answer.text), context.count(answer.text)
    values = {
        "answer": _quoted(answer.text),
        "start": answer.start,
        "found": _quoted(found),
        "place": place,
        "count": count,
        "size": len(context),
    }
    help = "L0761.nowhere" if not count else "L0761.once" if count == 1 else "L0761.several"
    return Wrong("L0761", values, help)


def _quoted(text: str, most: int = 60) -> str:
    return json.dumps(text if len(text) <= most else text[: most - 1] + "…", ensure_ascii=False)
