"""From strings to token ids, by whole batches."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from ...component import TaskFailed

if TYPE_CHECKING:
    from tokenizers import Encoding as Encoded
    from tokenizers import Tokenizer

BATCH_CHARACTERS = 2**20
BATCH_RECORDS = 1024


def plain(tokenizer: Tokenizer) -> Tokenizer:
    """Make a tokenizer give what stands in the text and nothing else.

    Text that spells a special token ("<|end|>") is split like any other text: only an encoding puts special tokens
    into rows. Truncation and padding that a tokenizer's file may ask for are the encoding's business too.
    """
    tokenizer.encode_special_tokens = True
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def encode(tokenizer: Tokenizer, texts: list[str], words: bool = False) -> list[Encoded]:
    """Encode texts without adding anything to them; `words` asks for `word_ids`, which costs more.

    Raises TaskFailed for a text that the tokenizer can't encode (a word-level one without a token for the unknown).
    """
    call = tokenizer.encode_batch if words else tokenizer.encode_batch_fast
    with refused():
        return call(texts, add_special_tokens=False)


@contextmanager
def refused() -> Iterator[None]:
    """Tell what the library tokenizers can't do as a mistake of the tokenizer, its panics included."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, MemoryError | KeyboardInterrupt):
            raise
        # A panic of the library's own code is no Exception.
        said = " ".join(str(error).split())[:200]
        raise TaskFailed("L0674", {"reason": said}, field="tokenizer", help="L0674.help") from error


def batches(records: Iterable[Mapping[str, Any]], column: str) -> Iterator[list[Mapping[str, Any]]]:
    """Group records so that a batch holds about a megabyte of text, however long the documents are."""
    records = iter(records)
    while first := list(islice(records, 1)):
        batch, size = first, len(text_of(first[0], column))
        while size < BATCH_CHARACTERS and len(batch) < BATCH_RECORDS and (more := next(records, None)) is not None:
            batch.append(more)
            size += len(text_of(more, column))
        yield batch


def text_of(record: Mapping[str, Any], column: str) -> str:
    """Give the text of a record. Raises TaskFailed if there is none."""
    text = record[column]
    if not isinstance(text, str):
        values = {"record": record["_record"] + 1, "column": column, "value": shown(text)}
        raise TaskFailed("L0515", values, field="data", help="L0515.help")
    return text


def shown(value: object) -> str:
    """Write a value of the data as the language would."""
    return "none" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def first_token(roles: Mapping[str, int]) -> int:
    """Give the token that a text begins with: that of the role `start` (BERT's [CLS], Llama's <s>), else the end token.

    Raises TaskFailed if the tokenizer has neither.
    """
    return roles["start"] if "start" in roles else role(roles, "end")


def role(roles: Mapping[str, int], name: str) -> int:
    """Give the id of the special token of a role. Raises TaskFailed if the tokenizer has none."""
    if name not in roles:
        raise TaskFailed("L0510", {"role": name}, field="tokenizer", help="L0510.help")
    return roles[name]
