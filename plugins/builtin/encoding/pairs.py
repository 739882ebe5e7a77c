"""The encoding `pairs`: a source text and the target text that is to follow from it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from ...component import Facts
from ...values import ArrayOf, Encoding
from ...writing import Opening
from .text import batches, encode, plain, role, text_of

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Tokenizer

    Array = np.ndarray[Any, Any]


class Pairs(Encoding):
    """Make one row of each record: the source and the end token; the start token, the target and the end token.

    The start token is that of padding, as T5 has it. A text that is too long loses its end, which is counted.
    """

    name: ClassVar[str] = "pairs"

    length: Annotated[int, Field(gt=1, description="The most tokens of the source, and of the target")]

    def arrays(self) -> dict[str, ArrayOf]:
        streams = ("source_tokens", "target_tokens")
        return {
            **{name: ArrayOf("token", (None,)) for name in streams},
            **{name.replace("tokens", "segments"): ArrayOf("uint8", (None,)) for name in streams},
            "record": ArrayOf("int64"),
        }

    def rows(
        self, records: Iterable[Mapping[str, Any]], tokenizer: Tokenizer, roles: Mapping[str, int], facts: Facts
    ) -> Generator[dict[str, Any], None, Facts]:
        """Give the rows; in the end, how many sources and targets were cut."""
        import numpy as np

        start, end, room = start_token(roles), role(roles, "end"), self.length - 1
        sources = targets = 0
        for record, source, target in encoded_pairs(records, tokenizer):
            sources += len(source) > room
            targets += len(target) > room
            # One token more than the model reads: rows of n + 1 become n inputs and n targets.
            streams = {"source": [*source[:room], end], "target": [start, *target[:room], end]}
            row: dict[str, Any] = {"record": record["_record"]}
            for name, tokens in streams.items():
                row[f"{name}_tokens"] = np.array(tokens, dtype=np.int64)
                row[f"{name}_segments"] = np.ones(len(tokens), dtype=np.uint8)
            yield row
        return {"pairs.source_cut": sources, "pairs.target_cut": targets}


def encoded_pairs(
    records: Iterable[Mapping[str, Any]], tokenizer: Tokenizer
) -> Iterator[tuple[Mapping[str, Any], list[int], list[int]]]:
    """Give each record with the tokens of its source and of its target."""
    tokenizer = plain(tokenizer)
    for batch in batches(records, "source"):
        sources = encode(tokenizer, [text_of(record, "source") for record in batch])
        targets = encode(tokenizer, [text_of(record, "target") for record in batch])
        for record, source, target in zip(batch, sources, targets, strict=True):
            yield record, source.ids, target.ids


def from_source(prompt: Sequence[int], roles: Mapping[str, int], length: int) -> Opening:
    """Give how a target begins that is written from the tokens of a source; one that is too long loses its end."""
    end = role(roles, "end")
    return Opening([start_token(roles)], source=[*prompt[: length - 1], end])


def start_token(roles: Mapping[str, int]) -> int:
    """Give the token that a target begins with: that of padding, as T5 has it, or the end token."""
    return roles.get("pad", role(roles, "end"))
