"""The encoding `joined`: a source text and the target text behind it, in one row."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from ...component import Facts
from ...values import ArrayOf, Encoding
from .pairs import encoded_pairs
from .text import first_token, role

if TYPE_CHECKING:
    from tokenizers import Tokenizer


class Joined(Encoding):
    """Make one row of each record: the start token, the source and the end token, the target and the end token.

    `answers` marks the target with its end. A source that is longer than half of the row loses its end, so that there is
    as much room for what is written from it; a target that is too long for the rest loses its own. Both are counted.
    """

    name: ClassVar[str] = "joined"

    length: Annotated[int, Field(gt=3, description="The most tokens that the model reads of a row")]

    def arrays(self) -> dict[str, ArrayOf]:
        marks = {"segments": ArrayOf("uint8", (None,)), "answers": ArrayOf("uint8", (None,))}
        return {"tokens": ArrayOf("token", (None,)), **marks, "record": ArrayOf("int64")}

    def rows(
        self, records: Iterable[Mapping[str, Any]], tokenizer: Tokenizer, roles: Mapping[str, int], facts: Facts
    ) -> Generator[dict[str, Any], None, Facts]:
        """Give the rows; in the end, how many sources and targets were cut."""
        import numpy as np

        end = role(roles, "end")
        sources = targets = 0
        for record, source, target in encoded_pairs(records, tokenizer):
            read = source_tokens(source, roles, self.length)
            # One token more than the model reads: rows of n + 1 become n inputs and n targets.
            room = self.length - len(read)
            written = [*target[:room], end]
            sources += len(source) > len(read) - 2
            targets += len(target) > room
            yield {
                "tokens": np.array([*read, *written], dtype=np.int64),
                "segments": np.ones(len(read) + len(written), dtype=np.uint8),
                "answers": np.repeat(np.array([0, 1], dtype=np.uint8), [len(read), len(written)]),
                "record": record["_record"],
            }
        return {"pairs.source_cut": sources, "pairs.target_cut": targets}


def source_tokens(source: Sequence[int], roles: Mapping[str, int], length: int) -> list[int]:
    """Give what a model of one stream reads before a target: at most half of `length` tokens, the marks included."""
    return [first_token(roles), *source[: length // 2 - 2], role(roles, "end")]
