"""The encoding `chats`: conversations as a whole, packed, with the tokens marked that are answers."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import Field

from ...chat.template import Choice, Template, encoded, template_of
from ...chat.turns import Malformed, Turn, conversation, exchange
from ...component import Facts, TaskFailed
from ...values import ArrayOf
from .best_fit import BestFit

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Tokenizer

    Array = np.ndarray[Any, Any]

Form = Literal["messages", "pairs"]
"""Whether a record holds a conversation, or a prompt and the answer to it."""

T = TypeVar("T")
_AT_ONCE = 256


class Chats(BestFit):
    """Write each conversation out by a chat template and pack conversations into rows by best fit.

    `answers` marks the tokens that the assistant says, those that end its turns included. A conversation that is longer
    than a row loses its end; one that has no answer left then is left out. Both are counted.
    """

    name: ClassVar[str] = "chats"

    column: Annotated[str, Field(description="The column of the conversation")] = "messages"
    form: Annotated[Form, Field(description="Whether records hold conversations, or prompts and answers")] = "messages"
    template: Annotated[Choice, Field(description="How conversations are written out")] = "auto"

    def arrays(self) -> dict[str, ArrayOf]:
        return super().arrays() | {"answers": ArrayOf("uint8", (self.length,))}

    def rows(
        self, records: Iterable[Mapping[str, Any]], tokenizer: Tokenizer, roles: Mapping[str, int], facts: Facts
    ) -> Generator[dict[str, Any], None, Facts]:
        """Give the rows; in the end, how many conversations were cut and how many left out."""
        template = template_of(self.template, tokenizer, roles, facts)
        pad = roles.get("pad", roles.get("end", 0))
        count = cut = lost = 0

        def pieces() -> Iterator[list[Array]]:
            nonlocal count, cut, lost
            for written in self._written(records, template, tokenizer):
                count += 1
                cut += written.shape[1] > self.length
                piece = written[:, : self.length]
                if piece[2, 1:].any():
                    yield [piece]
                else:
                    lost += 1

        yield from self._in_windows(pieces(), pad)
        if lost and lost == count:
            raise TaskFailed("L0789", {"count": lost, "length": self.length}, field="data", help="L0789.help")
        return {"chat.cut": cut - lost, "chat.lost": lost}

    def _written(
        self, records: Iterable[Mapping[str, Any]], template: Template, tokenizer: Tokenizer
    ) -> Iterator[Array]:
        """Give of each conversation its columns: token, number of the document (0 for now), whether it is an answer's."""
        import numpy as np

        for some in chunks(records, _AT_ONCE):
            pieces = [template.pieces(self._turns(record)) for record in some]
            for written in encoded(pieces, tokenizer):
                yield np.array([written.tokens, [0] * len(written.tokens), written.answers], dtype=np.int64)

    def _turns(self, record: Mapping[str, Any]) -> list[Turn]:
        if self.form == "messages":
            return told(record, lambda: conversation(record[self.column]))
        return told(record, lambda: exchange(record["prompt"], record["response"]))

    def _row(self, stream: Array, place: int, pad: int = 0) -> dict[str, Any]:
        import numpy as np

        answers = stream[2, place : place + self.length]
        return super()._row(stream[:2], place, pad) | {"answers": np.pad(answers, (0, self.length - len(answers)))}


def told(record: Mapping[str, Any], read: Any) -> Any:
    """Give what is read of a record; TaskFailed names the record where it is no conversation."""
    try:
        return read()
    except Malformed as wrong:
        values = {"record": record["_record"] + 1, **wrong.values}
        raise TaskFailed(f"{wrong.code}.record", values, field="data", help=wrong.help) from None


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Give lists of so many items, the last one of what is left."""
    left = iter(items)
    while some := list(islice(left, size)):
        yield some
