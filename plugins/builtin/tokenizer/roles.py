"""Special tokens by their role, so that one tokenizer serves every objective."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...api import Facts

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
