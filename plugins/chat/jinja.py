"""Chat templates of tokenizers from elsewhere, which are written in Jinja.

They are data: a sandbox that changes nothing and reaches nothing runs them, as in transformers, and what they may write
is limited.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..component import TaskFailed
from .template import Piece
from .turns import ASSISTANT, USER, Turn

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_MOST = 1 << 22
"""Characters that a conversation may come to beyond what is said in it."""
_MARK = "\ue000{}\ue001"
"""Stands for what is said in a turn, so that it is found again: characters for private use."""
_MARKED = re.compile("\ue000(\\d+)\ue001")


class JinjaTemplate:
    """A template in Jinja, with the texts of special tokens that it may name."""

    def __init__(self, source: str, tokens: Mapping[str, str], tokenizer: Tokenizer) -> None:
        self._render = compiled(source, tokens)
        added = {token.content: number for number, token in tokenizer.get_added_tokens_decoder().items()}
        self._added = added
        longest_first = sorted(map(re.escape, added), key=len, reverse=True)
        self._special = re.compile(f"({'|'.join(longest_first)})") if added else None
        self.ends = self._ends()

    def pieces(self, turns: Sequence[Turn], opened: bool = False) -> list[Piece]:
        """Write a conversation out; what is said in it is found again, and is never taken for special tokens."""
        said = [turn.content for turn in turns]
        marked = [Turn(turn.role, _MARK.format(number)) for number, turn in enumerate(turns)]
        frame, whole = self._render(marked, opened), self._render(turns, opened)
        if filled(frame, said) != whole:
            # Many templates strip what is said; one that does more to it hides where an answer begins and ends.
            said = [content.strip() for content in said]
            if filled(frame, said) != whole:
                raise refused("template.changes")
        parts = _MARKED.split(frame)
        written: list[Piece] = []
        answering = False
        for place, part in enumerate(parts):
            if place % 2:
                answering = turns[int(part)].role == ASSISTANT
                written.append(Piece(said[int(part)], answer=(0, len(said[int(part)])) if answering else None))
            else:
                framed = self._framed(part, answering)
                written += framed
                answering = False
        return joined(written)

    def _framed(self, text: str, answering: bool) -> list[Piece]:
        """Cut what stands around what is said at its special tokens; behind an answer, the first one ends it."""
        if self._special is None:
            return [Piece(text)]
        pieces = []
        for place, part in enumerate(self._special.split(text)):
            if place % 2:
                pieces.append(Piece(token=self._added[part], answer=(0, 1) if answering else None))
                answering = False
            elif part:
                pieces.append(Piece(part, answer=(0, len(part)) if answering else None))
        return pieces

    def _ends(self) -> tuple[int, ...]:
        """Give the special token behind an answer."""
        written = self.pieces([Turn(USER, "a"), Turn(ASSISTANT, "b")])
        found = tuple(piece.token for piece in written if piece.token is not None and piece.answer)
        if not found:
            raise refused("template.endless")
        return found


def filled(frame: str, said: Sequence[str]) -> str:
    """Put what is said into what stands around it."""
    return _MARKED.sub(lambda found: said[int(found[1])], frame)


def joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Make one text of texts that follow each other, as they are one to the tokenizer."""
    found: list[Piece] = []
    for piece in pieces:
        before = found[-1] if found else None
        if before is None or piece.token is not None or before.token is not None:
            found.append(piece)
            continue
        length = len(before.text)
        span = before.answer
        if piece.answer:
            own = (piece.answer[0] + length, piece.answer[1] + length)
            span = (span[0], own[1]) if span and span[1] == own[0] else own
        found[-1] = Piece(before.text + piece.text, answer=span)
    return [piece for piece in found if piece.text or piece.token is not None]


Render = Callable[[Sequence[Turn], bool], str]


def compiled(source: str, tokens: Mapping[str, str]) -> Render:
    """Give what writes conversations by a template; TaskFailed for one that can't be read."""
    try:
        from jinja2 import TemplateError, nodes
        from jinja2.ext import Extension, loopcontrols
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ImportError:
        raise refused("template.jinja") from None

    class Generation(Extension):
        """`{% generation %}` … `{% endgeneration %}` says what the assistant writes: that is known here without it."""

        tags = {"generation"}  # noqa: RUF012

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.Scope(body, lineno=line)

    def complain(message: object) -> None:
        raise TemplateError(str(message))

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    environment.filters["tojson"] = lambda value, **_: json.dumps(value, ensure_ascii=False)
    environment.globals["raise_exception"] = complain
    try:
        template = environment.from_string(source)
    except TemplateError as error:
        raise refused("template.error", error=str(error)) from None

    def render(turns: Sequence[Turn], opened: bool) -> str:
        messages = [{"role": turn.role, "content": turn.content} for turn in turns]
        most = _MOST + 2 * sum(len(turn.content) for turn in turns)
        text: list[str] = []
        size = 0
        try:
            for part in template.generate(messages=messages, add_generation_prompt=opened, **tokens):
                size += len(part)
                if size > most:
                    raise refused("template.long")
                text.append(part)
        except TaskFailed:
            raise
        except Exception as error:  # whatever a template does wrong is a mistake of its own
            raise refused("template.error", error=f"{type(error).__name__}: {error}") from None
        return "".join(text)

    return render


def refused(reason: str, **values: object) -> TaskFailed:
    """Give what is said of a template that can't be used."""
    from ...dsl.diagnostics.model import Text

    return TaskFailed("L0788", {"reason": Text(reason, values)}, field="objective", help="L0788.help")
