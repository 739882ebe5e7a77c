"""Tokens added to a tokenizer that is there already, and the pieces that they were before."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ....dsl.record import Record
from ...api import Text
from ...baddata import BadData

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")
"""How the names of letters begin in scripts that put no spaces between words."""


class Addition(Record):
    """A token that was added."""

    token: str
    number: int
    pieces: Sequence[int]
    """What the tokenizer made of it before."""
    unknown: bool
    """Whether none of that was anything that it knows."""


def learned_tokens(directory: Path, special: set[int]) -> list[str]:
    """Give the texts of a stored tokenizer's tokens, by their ids, without special ones and parts of characters."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    ids = sorted(set(tokenizer.get_vocab(with_added_tokens=True).values()) - special)
    texts = (tokenizer.decode([number], skip_special_tokens=False).strip() for number in ids)
    return list(dict.fromkeys(text for text in texts if text and "\ufffd" not in text))


def add(tokenizer: Tokenizer, tokens: Iterable[str], *, whole: bool) -> tuple[list[Addition], list[str]]:
    """Add tokens to a tokenizer; give them with their pieces, and those that it had.

    `whole` adds each that is no token of this very name; otherwise one that is known as a single piece is left out too.
    Raises BadData for a token that can't be added.
    """
    unknown = unknown_id(tokenizer)
    wanted: dict[str, list[int]] = {}
    known: list[str] = []
    for token in dict.fromkeys(tokens):
        pieces = tokenizer.encode(token, add_special_tokens=False).ids
        if not pieces and not whole:
            continue  # a control character, of which this tokenizer makes nothing
        if not pieces:
            raise BadData("L0746", {"token": token, "reason": Text("extend.empty")}, field="tokens")
        # Byte-level tokenizers hold words with the space before them.
        spaced = tokenizer.encode(f" {token}", add_special_tokens=False).ids
        is_one = any(len(form) == 1 and form[0] != unknown for form in (pieces, spaced))
        if tokenizer.token_to_id(token) is not None or (is_one and not whole):
            known.append(token)
        else:
            wanted[token] = pieces
    taken = set(tokenizer.get_vocab(with_added_tokens=True).values())
    tokenizer.add_tokens([_added_token(token, tokenizer) for token in wanted])
    added = []
    for token, pieces in wanted.items():
        number = tokenizer.token_to_id(token)
        assert number is not None, f"{token} was just made a token"
        if number in taken:
            reason = Text("extend.taken", {"number": number})
            raise BadData("L0746", {"token": token, "reason": reason}, field="tokens")
        added.append(Addition(token, number, pieces, set(pieces) == {unknown}))
    return added, known


def unknown_id(tokenizer: Tokenizer) -> int | None:
    """Give the id of what stands for text that a tokenizer doesn't know; None if it knows all."""
    model = json.loads(tokenizer.to_str())["model"]
    if isinstance(model.get("unk_id"), int):
        return int(model["unk_id"])
    name = model.get("unk_token")
    return tokenizer.token_to_id(name) if isinstance(name, str) else None


def stands_alone(token: str) -> bool:
    """Tell whether a token is a word of a script with spaces, and so not to be found within a longer one."""
    ends = token[0] + token[-1]
    return ends.isalnum() and not any(unicodedata.name(letter, "").startswith(_UNSPACED) for letter in token)


def _added_token(token: str, tokenizer: Tokenizer) -> object:
    from tokenizers import AddedToken

    alone = stands_alone(token)
    normalizer = tokenizer.normalizer
    # Where case makes no difference, it makes none for words; other scripts would lose their marks with it.
    uncased = normalizer is not None and normalizer.normalize_str("Aa").endswith("aa")
    return AddedToken(token, single_word=alone, normalized=alone and uncased, special=False)
