"""The objective `instruction`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ...chat.template import Choice, Chosen, encoded, roles_of, template_of
from ...chat.turns import Malformed, prompt_turns
from ...component import Facts, TaskFailed
from ...models import Shape
from ...values import Batch, Encoding
from ...writing import Opening, Writing
from ..encoding.chats import Chats, Form
from .causal_lm import shifted_to_answers
from .language import LanguageModelling

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Tokenizer


class Instruction(LanguageModelling, Writing):
    """Predict each token of the assistant's turns from all of the conversation before it.

    Instruction tuning (Wei et al. 2022, arXiv:2109.01652; Ouyang et al. 2022, arXiv:2203.02155). The data has the column
    `messages`, conversations as [{role, content}, …]; with `form = pairs` the columns `prompt` and `response`. What the
    system and the user say, and the marks around it, carry no loss.
    """

    name: ClassVar[str] = "instruction"
    example: ClassVar[str] = "instruction { template = chatml }"
    columns: ClassVar[tuple[str, ...]] = ("messages",)
    attention: ClassVar[tuple[str, ...]] = ("causal",)
    gives: ClassVar[tuple[str, ...]] = ("loss",)

    form: Annotated[
        Form, Field(description="Whether records hold conversations (`messages`), or a `prompt` and its `response`")
    ] = "messages"
    template: Chosen = "auto"

    def reads(self) -> tuple[str, ...]:
        return self.columns if self.form == "messages" else ("prompt", "response")

    def roles(self, shape: Shape) -> tuple[str, ...]:
        return roles_of(self.template)

    def encoding(self, shape: Shape) -> Encoding:
        return Chats(length=shape.context_length + 1, overlap=1, form=self.form, template=self.template)

    def prepare(self, batch: Batch, random: np.random.Generator, facts: Facts) -> Batch:
        """Shift the tokens against the targets, of which those of answers stay."""
        return shifted_to_answers(batch)

    def begin(self, prompt: str, tokenizer: Tokenizer, facts: Facts, shape: Shape) -> Opening:
        """Have the prompt be a user's turn, or the conversation whose JSON it is, and the text be the answer to it."""
        return chat_opening(self.template, prompt, tokenizer, facts)

    def in_chat(self) -> Instruction:
        return self

    def shown(self, prompt: str) -> str:
        return f"{prompt}\n→ "


def chat_opening(template: Choice, prompt: str, tokenizer: Tokenizer, facts: Facts) -> Opening:
    """Give how the answer to a prompt begins. Raises TaskFailed for what is no conversation that waits for one."""
    roles: Mapping[str, int] = facts["roles"]
    try:
        turns = prompt_turns(prompt)
    except Malformed as wrong:
        values = {"record": 1, "split": "prompts", **wrong.values}
        raise TaskFailed(f"{wrong.code}.record", values, field="prompts") from None
    chosen = template_of(template, tokenizer, roles, facts)
    [written] = encoded([chosen.pieces(turns, opened=True)], tokenizer)
    return Opening(written.tokens, ends=chosen.ends)
