"""Conversations as data holds them: turns, each with a role and what is said."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ...dsl.record import Record

SYSTEM, USER, ASSISTANT = ROLES = ("system", "user", "assistant")
SHAREGPT = {"system": SYSTEM, "human": USER, "gpt": ASSISTANT}
"""The roles of the form {from, value}, in which many published conversations are."""
_SHOWN = 60


class Turn(Record):
    """What one side says."""

    role: str
    content: str


class Malformed(Exception):
    """Raised for what is no conversation to learn from; `code` and `values` are those of its diagnostic."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code, values)
        self.code, self.values = code, values
        self.help = f"{code.split('.')[0]}.help"


def conversation(value: object, *, answered: bool = True) -> list[Turn]:
    """Read a list of {role, content}, or its JSON: perhaps a system's turn, then a user and an assistant in turns.

    {from, value} with human and gpt is read too. `answered` asks that the last turn is an assistant's, its opposite
    that it is a user's. Raises Malformed.
    """
    turns = turns_of(value)
    due = USER
    for number, turn in enumerate(turns, start=1):
        if turn.role == SYSTEM and number == 1:
            continue
        if turn.role != due:
            raise Malformed("L0782.order", turn=number, role=turn.role, due=due)
        due = ASSISTANT if due == USER else USER
    if answered and turns[-1].role != ASSISTANT:
        raise Malformed("L0780", role=turns[-1].role)
    if not answered and turns[-1].role != USER:
        raise Malformed("L0782.order", turn=len(turns) + 1, role="none", due=USER)
    return turns


def turns_of(value: object) -> list[Turn]:
    """Read turns in any order: a list of {role, content}, or its JSON. Raises Malformed."""
    given = value
    if isinstance(value, str):
        try:
            given = json.loads(value)
        except (ValueError, RecursionError):
            raise Malformed("L0781", value=_shown(value)) from None
    if not isinstance(given, Sequence) or isinstance(given, str | bytes) or not given:
        raise Malformed("L0781", value=_shown(value))
    return [_turn(each, number) for number, each in enumerate(given, start=1)]


def exchange(prompt: object, response: object) -> list[Turn]:
    """Make a conversation of a prompt (a text, or the turns before) and the answer to it. Raises Malformed."""
    before = prompt_turns(prompt)
    if not isinstance(response, str) or not response.strip():
        raise Malformed("L0780.response", value=_shown(response))
    return [*before, Turn(ASSISTANT, response)]


def prompt_turns(prompt: object) -> list[Turn]:
    """Read what is asked: the JSON of a conversation that ends with a user's turn, else the text of one. Raises Malformed."""
    if looks_like_turns(prompt):
        return conversation(prompt, answered=False)
    if not isinstance(prompt, str) or not prompt.strip():
        raise Malformed("L0783", turn=1, role=USER)
    return [Turn(USER, prompt)]


def looks_like_turns(value: object) -> bool:
    """Tell whether a value is a list of turns or its JSON, and no text."""
    if not isinstance(value, str):
        return isinstance(value, Sequence)
    if not value.lstrip().startswith("["):
        return False
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        return False
    return isinstance(read, list) and bool(read) and all(isinstance(each, dict) for each in read)


def as_json(turns: Sequence[Turn]) -> str:
    """Give a conversation as the JSON that a column holds."""
    return json.dumps([{"role": turn.role, "content": turn.content} for turn in turns], ensure_ascii=False)


def _turn(given: Any, number: int) -> Turn:
    if not isinstance(given, Mapping):
        raise Malformed("L0781.turn", turn=number, value=_shown(given))
    if "role" in given:
        role, content = given["role"], given.get("content")
    else:
        said = given.get("from")
        role, content = SHAREGPT.get(said, said) if isinstance(said, str) else said, given.get("value")
    if not isinstance(role, str) or not isinstance(content, str | None):
        raise Malformed("L0781.turn", turn=number, value=_shown(given))
    if role not in ROLES:
        raise Malformed("L0782", turn=number, role=role, known=list(ROLES))
    if content is None or not content.strip():
        raise Malformed("L0783", turn=number, role=role)
    return Turn(role, content)


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
