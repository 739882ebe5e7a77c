"""Special tokens by their role, so that one tokenizer serves every objective."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...api import Facts, Field, TokenizerTask

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SPECIAL = {"end": "<|end|>", "mask": "<|mask|>", "pad": "<|pad|>"}
"""The tokens that llx makes, by role: what ends and separates texts, what hides a token, what fills up a row."""

KNOWN = {
    "end": ("<|end|>", "<|endoftext|>", "</s>", "[SEP]", "<eos>", "<|end_of_text|>", "<|im_end|>", "[EOS]"),
    "mask": ("<|mask|>", "[MASK]", "<mask>"),
    "pad": ("<|pad|>", "[PAD]", "<pad>", "<|padding|>"),
}
"""How tokenizers from elsewhere call them, the likelier first."""


FILL_IN_MIDDLE = {
    "fim_prefix": ("<|fim_prefix|>", "<fim_prefix>", "<fim-prefix>", "<｜fim▁begin｜>", "▁<PRE>", "<PRE>"),
    "fim_suffix": ("<|fim_suffix|>", "<fim_suffix>", "<fim-suffix>", "<｜fim▁hole｜>", "▁<SUF>", "<SUF>"),
    "fim_middle": ("<|fim_middle|>", "<fim_middle>", "<fim-middle>", "<｜fim▁end｜>", "▁<MID>", "<MID>"),
}
"""The tokens that begin the parts of a text whose middle is to be filled in, llx's own first."""

CHAT = {"turn_start": ("<|im_start|>",), "turn_end": ("<|im_end|>",)}
"""The tokens of ChatML, which begin and end what one side of a conversation says."""

MOST_SENTINELS = 1000


def sentinel(number: int) -> tuple[str, ...]:
    """Give the names of the token that stands for the span of this number: llx's own, and T5's."""
    return f"<|sentinel_{number}|>", f"<extra_id_{number}>"


class Reserving(TokenizerTask):
    """A tokenizer that can hold special tokens for objectives that need more than the usual three."""

    sentinels: int = Field(
        0, ge=0, le=MOST_SENTINELS, description="Tokens that stand for spans, as `span_corruption` needs them"
    )
    fill_in_middle: bool = Field(False, description="Whether it has the three tokens that `fill_in_middle` needs")

    chat: bool = Field(False, description="Whether it has the two tokens around a turn that `instruction` needs")

    @property
    def reserved(self) -> dict[str, str]:
        """The special tokens that it makes, by role: the usual ones and those that were asked for."""
        more = {f"sentinel_{number}": sentinel(number)[0] for number in range(self.sentinels)}
        asked = (FILL_IN_MIDDLE if self.fill_in_middle else {}) | (CHAT if self.chat else {})
        return SPECIAL | more | {role: names[0] for role, names in asked.items()}

    def known_roles(self, root: Path) -> tuple[str, ...] | None:
        return tuple(self.reserved)


def add_special(tokenizer: Tokenizer, tokens: Mapping[str, str]) -> dict[str, int]:
    """Make the tokens of each role special where they are not yet, and give their ids by role."""
    from tokenizers import AddedToken

    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in tokens.values()])
    return ids_of(tokenizer, tokens)


def ids_of(tokenizer: Tokenizer, tokens: Mapping[str, str]) -> dict[str, int]:
    """Give the ids of tokens that the tokenizer has, by role."""
    ids = {}
    for role, token in tokens.items():
        number = tokenizer.token_to_id(token)
        assert number is not None, f"{token} was just made a token"
        ids[role] = number
    return ids


def store(tokenizer: Tokenizer, roles: Mapping[str, int], directory: Path) -> Facts:
    """Write the tokenizer as an artifact and give its facts."""
    # What a file says of these would quietly cut or fill every text.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.save(str(directory / "tokenizer.json"))
    # Ids may have holes, and an embedding has a row for each.
    vocab_size = max(tokenizer.get_vocab(with_added_tokens=True).values()) + 1
    return {"vocab_size": vocab_size, "roles": dict(roles)}
