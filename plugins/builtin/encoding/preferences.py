"""The encoding `preferences`: a prompt with two answers to it, of which one is preferred."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from ...chat.template import Choice, Written, encoded, template_of
from ...chat.turns import ASSISTANT, Malformed, Turn, looks_like_turns, prompt_turns, turns_of
from ...component import Facts, TaskFailed
from ...values import ArrayOf, Encoding
from .chats import chunks, told

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SIDES = ("chosen", "rejected")
_AT_ONCE = 256


class Preferences(Encoding):
    """Make one row of each record: the prompt with the preferred answer, and with the other one, written as chats.

    `…_answers` marks the tokens of the answer, the one that ends it included. An answer that is too long loses its end;
    a pair of which nothing of an answer is left, and one whose answers are the same, is left out. All are counted.
    """

    name: ClassVar[str] = "preferences"

    length: Annotated[int, Field(gt=1, description="The most tokens of a prompt with an answer")]
    template: Annotated[Choice, Field(description="How conversations are written out")] = "auto"

    def arrays(self) -> dict[str, ArrayOf]:
        arrays = {}
        for side in SIDES:
            arrays[f"{side}_tokens"] = ArrayOf("token", (None,))
            arrays[f"{side}_segments"] = arrays[f"{side}_answers"] = ArrayOf("uint8", (None,))
        return arrays | {"record": ArrayOf("int64")}

    def rows(
        self, records: Iterable[Mapping[str, Any]], tokenizer: Tokenizer, roles: Mapping[str, int], facts: Facts
    ) -> Generator[dict[str, Any], None, Facts]:
        """Give the rows; in the end, how many pairs were cut, left out, or had two answers that are the same."""
        template = template_of(self.template, tokenizer, roles, facts)
        cut = lost = equal = count = 0
        for some in chunks(records, _AT_ONCE):
            pairs = [told(record, lambda record=record: both(record)) for record in some]
            written = iter(encoded([template.pieces(turns) for pair in pairs for turns in pair], tokenizer))
            for record, pair in zip(some, pairs, strict=True):
                sides = {side: self._last(next(written)) for side in SIDES}
                count += 1
                if pair[0] == pair[1]:
                    equal += 1
                elif not all(any(side.answers[1 : self.length]) for side in sides.values()):
                    lost += 1
                else:
                    cut += any(len(side.tokens) > self.length for side in sides.values())
                    yield self._row(record, sides)
        if lost and lost == count:
            raise TaskFailed("L0789", {"count": lost, "length": self.length}, field="data", help="L0789.help")
        return {"preferences.cut": cut, "preferences.lost": lost, "preferences.equal": equal}

    def _row(self, record: Mapping[str, Any], sides: Mapping[str, Written]) -> dict[str, Any]:
        import numpy as np

        row: dict[str, Any] = {"record": record["_record"]}
        for side, written in sides.items():
            row[f"{side}_tokens"] = np.array(written.tokens[: self.length], dtype=np.int64)
            row[f"{side}_answers"] = np.array(written.answers[: self.length], dtype=np.uint8)
            row[f"{side}_segments"] = np.ones_like(row[f"{side}_answers"])
        return row

    @staticmethod
    def _last(written: Written) -> Written:
        """Leave of the marked tokens those of the last answer: the ones before it belong to the prompt."""
        last = len(written.answers) - 1
        while last >= 0 and not written.answers[last]:
            last -= 1
        first = last
        while first > 0 and written.answers[first - 1]:
            first -= 1
        return Written(written.tokens, [first <= place <= last for place in range(len(written.answers))])


def both(record: Mapping[str, Any]) -> tuple[list[Turn], list[Turn]]:
    """Give the conversations with the preferred and with the other answer. Raises Malformed."""
    before = prompt_turns(record["prompt"])
    chosen, rejected = (_answered(before, record[side], side) for side in SIDES)
    return chosen, rejected


def _answered(before: list[Turn], answer: object, side: str) -> list[Turn]:
    """Give a conversation with its answer: a text, an assistant's turn, or the whole conversation once more."""
    if not looks_like_turns(answer):
        if not isinstance(answer, str) or not answer.strip():
            raise Malformed("L0784.empty", side=side)
        return [*before, Turn(ASSISTANT, answer)]
    *first, last = turns_of(answer)
    if last.role != ASSISTANT:
        raise Malformed("L0780", role=last.role)
    if first and first != before:
        raise Malformed("L0784", side=side)
    return [*before, last]
