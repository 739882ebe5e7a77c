"""What objectives do whose checkpoints write text: how it begins, and how it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..dsl.record import Record
from .component import Facts
from .models import Shape
from .values import Objective

if TYPE_CHECKING:
    from typing import Self

    from tokenizers import Tokenizer


class Opening(Record):
    """What a model reads before the first token that it writes."""

    tokens: Sequence[int]
    """What the text goes on from."""
    source: Sequence[int] = ()
    """What is read beside it, by a model of two streams."""
    prefix: bool = False
    """Whether all of `tokens` see each other, also what stands before them."""
    ends: tuple[int, ...] = ()
    """Tokens that end what is written, beside the tokenizer's end token."""


class Writing(Objective):
    """An objective whose checkpoints write text, behind prompts: its head gives logits of the next token."""

    @property
    def writes(self) -> Self:
        return self

    def opening(self, prompt: Sequence[int], roles: Mapping[str, int], shape: Shape) -> Opening:
        """Give how a text begins that is written behind the tokens of a prompt, by a model of this shape.

        By default the prompt is the beginning of a document, before which stands its start token, or the end of another.
        """
        start = roles.get("start", roles.get("end"))
        return Opening([*([] if start is None else [start]), *prompt])

    def begin(self, prompt: str, tokenizer: Tokenizer, facts: Facts, shape: Shape) -> Opening:
        """Give how a text begins that is written from the text of a prompt; by default its `opening`.

        `facts` are those of the checkpoint: roles, and a chat template if the tokenizer has one of its own.
        """
        return self.opening(tokenizer.encode(prompt, add_special_tokens=False).ids, facts["roles"], shape)

    def in_chat(self) -> Writing | None:
        """Give what takes prompts for a user's turns, for a checkpoint of this one; None if it holds no conversations."""
        return None

    def shown(self, prompt: str) -> str:
        """Give how a prompt is shown before what was written from it; by default both are one text."""
        return prompt

    def asked(self, record: Mapping[str, Any]) -> tuple[str, str] | None:
        """Give of a record what a text is written from, and the text that it is held against; None if it has none.

        An objective that does so `gives` target: metrics of texts are computed of what is written.
        """
        return None
