"""The data `jsonl`: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from ...api import Text
from ...baddata import BadData, line, shortened
from ...textfiles import byte_lines, opened, utf_16_help
from .reader import MappedReader, Record


class JsonLines(MappedReader):
    """Read rows from JSON Lines: one object a line, in UTF-8, plain or compressed (.gz, .zst).

    A line ends at `\\n` alone; blank lines are skipped. NaN and Infinity, a key that an object has twice, and half of
    a surrogate pair are no JSON that means anything, and make a row wrong. A column holds strings: a value that is
    none is kept as its JSON.
    """

    name: ClassVar[str] = "jsonl"
    example: ClassVar[str] = 'jsonl("reviews.jsonl", text = "body", label = "stars")'

    def records(self, file: Path, name: str) -> Iterator[Record | BadData]:
        with opened(file, name) as stream:
            for number, offset, content in byte_lines(stream, name):
                where = line(name, number)
                try:
                    yield self.take(_parsed(content, number), where)
                except UnicodeDecodeError as error:
                    values = {"file": name, "encoding": "utf_8", "offset": offset + error.start}
                    values["byte"] = f"0x{content[error.start]:02x}"
                    yield BadData("L0612", values, help=utf_16_help(content) if number == 1 else None)
                except (ValueError, RecursionError) as error:
                    values = {"where": where, "reason": _reason(error)}
                    yield BadData("L0618", values | {"value": shortened(content[:200].decode(errors="replace"))})


def _parsed(content: bytes, number: int) -> dict[str, Any]:
    text = content.decode("utf-8-sig" if number == 1 else "utf-8")
    value = json.loads(text, parse_constant=_constant, object_pairs_hook=_object)
    if not isinstance(value, dict):
        raise ValueError(Text("jsonl.object"))
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(Text("jsonl.twice", {"key": shortened(twice)}))
    return found


def _constant(name: str) -> None:
    raise ValueError(Text("jsonl.constant", {"name": name}))


def _syntax(error: json.JSONDecodeError) -> str:
    if error.msg == "Extra data":
        return "jsonl.more"
    cut = error.msg.startswith("Unterminated") or error.pos >= len(error.doc.rstrip())
    return "jsonl.cut" if cut else "jsonl.syntax"


def _reason(error: Exception) -> Text | str:
    if isinstance(error, RecursionError):
        return Text("jsonl.deep")
    if isinstance(error, json.JSONDecodeError):
        return Text(_syntax(error), {"column": error.colno})
    if isinstance(error.args[0], Text):
        return error.args[0]
    # Python refuses to read numbers of more than 4,300 digits.
    return Text("jsonl.digits")
