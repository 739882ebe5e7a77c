"""Chat templates: how a conversation is written out as text and special tokens, and which of it are answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

from pydantic import Field

from ...dsl.record import Record
from ..builtin.encoding.text import encode, first_token, plain, role
from ..component import Facts
from .turns import ASSISTANT, SYSTEM, Turn

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Choice = Literal["auto", "chatml", "plain"]
"""`auto` is the tokenizer's own template if it has one, and else ChatML."""

Chosen = Annotated[
    Choice,
    Field(
        description="How conversations are written out: auto is the tokenizer's own template if it has one and else "
        "chatml; plain needs no special tokens but the end"
    ),
]
"""The field of an objective that learns from conversations."""

TURN_ROLES = ("turn_start", "turn_end")
"""The roles of the special tokens of ChatML."""


class Piece(Record):
    """A part of a conversation as it is written: a text, or one special token."""

    text: str = ""
    token: int | None = None
    answer: tuple[int, int] | None = None
    """The characters of the text that are an answer; of a token, whether it ends one is `(0, 1)`."""


class Template(Protocol):
    """Writes conversations out."""

    ends: tuple[int, ...]
    """The tokens that end an answer."""

    def pieces(self, turns: Sequence[Turn], opened: bool = False) -> list[Piece]:
        """Write a conversation; `opened` lets it end where an answer begins."""
        ...


def roles_of(choice: Choice) -> tuple[str, ...]:
    """Give the roles that a template needs special tokens for; which a tokenizer's own needs, only it knows."""
    return () if choice == "plain" else TURN_ROLES


def template_of(choice: Choice, tokenizer: Tokenizer, roles: Mapping[str, int], facts: Facts) -> Template:
    """Give the template that is meant, with a tokenizer's facts. Raises TaskFailed for what the tokenizer lacks."""
    if choice == "plain":
        return Plain(first_token(roles), role(roles, "end"))
    if choice == "auto" and (own := facts.get("chat_template")):
        from .jinja import JinjaTemplate

        return JinjaTemplate(own["source"], own["tokens"], tokenizer)
    return ChatML(role(roles, "turn_start"), role(roles, "turn_end"))


class ChatML:
    """OpenAI's Chat Markup Language: `<|im_start|>role`, a line break, what is said, `<|im_end|>`, a line break."""

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end = start, end
        self.ends: tuple[int, ...] = (end,)

    def pieces(self, turns: Sequence[Turn], opened: bool = False) -> list[Piece]:
        written = []
        for turn in turns:
            head, answers = f"{turn.role}\n", turn.role == ASSISTANT
            text = head + turn.content
            span = (len(head), len(text)) if answers else None
            written += [Piece(token=self.start), Piece(text, answer=span)]
            written += [Piece(token=self.end, answer=(0, 1) if answers else None), Piece("\n")]
        if opened:
            written += [Piece(token=self.start), Piece(f"{ASSISTANT}\n")]
        return written


class Plain:
    """Text alone, for a tokenizer without tokens for turns: `User:` and `Assistant:` on lines of their own.

    The tokenizer's end token ends an answer.
    """

    NAMES: Mapping[str, str] = {"user": "User:\n", ASSISTANT: "Assistant:\n"}

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end = start, end
        self.ends: tuple[int, ...] = (end,)

    def pieces(self, turns: Sequence[Turn], opened: bool = False) -> list[Piece]:
        written, before = [Piece(token=self.start)], ""
        for turn in turns:
            if turn.role == ASSISTANT:
                head = before + self.NAMES[ASSISTANT]
                text = head + turn.content
                written += [Piece(text, answer=(len(head), len(text))), Piece(token=self.end, answer=(0, 1))]
                before = "\n"
            else:
                head = "" if turn.role == SYSTEM else self.NAMES[turn.role]
                before += f"{head}{turn.content}\n"
        if opened:
            written.append(Piece(before + self.NAMES[ASSISTANT]))
        return written


class Written(Record):
    """A conversation as tokens, and which of them carry loss when it is learned from."""

    tokens: list[int]
    answers: list[bool]


def encoded(conversations: Sequence[Sequence[Piece]], tokenizer: Tokenizer) -> list[Written]:
    """Encode conversations that were written out.

    A token is an answer's if it begins within it: what the model is given to go on from (`opened`) never carries loss.
    Text that spells a special token is text.
    """
    texts = [piece.text for pieces in conversations for piece in pieces if piece.token is None]
    found = iter(encode(plain(tokenizer), texts, words=True))  # the fast call knows no offsets
    written = []
    for pieces in conversations:
        tokens: list[int] = []
        answers: list[bool] = []
        for piece in pieces:
            begin, end = piece.answer or (0, 0)
            if piece.token is not None:
                tokens.append(piece.token)
                answers.append(begin < end)
                continue
            one = next(found)
            tokens += one.ids
            answers += [begin <= first < end for first, _ in one.offsets]
        written.append(Written(tokens, answers))
    return written
