"""The encoding `single`: a record is a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from ...component import Facts, TaskFailed
from ...values import ArrayOf, Encoding
from .labels import label_of, labels_of
from .text import batches, encode, first_token, plain, role, shown, text_of

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Tokenizer

    Array = np.ndarray[Any, Any]


class Single(Encoding):
    """Make one row of each record: the start token, the text, the end token; of a second text, it and the end token.

    A tokenizer without a start token has the end token there. `types` tells the two texts apart. `label` is the number
    of the record's label; of several it has their numbers from 1 on, so that 0 is padding.

    A text that is too long loses its end, or its beginning with `keep = end`. Of two texts the longer one is cut
    until both are equally long.
    """

    name: ClassVar[str] = "single"
    version: ClassVar[int] = 2

    length: Annotated[int, Field(gt=3, description="The most tokens of a row, marks included")]
    keep: Annotated[Literal["start", "end"], Field(description="What is left of a text that is too long")] = "start"
    column: Annotated[str, Field(description="The column of the text")] = "text"
    pair: Annotated[str | None, Field(description="The column of a second text")] = None
    label: Annotated[str, Field(description="The column of the label")] = "label"
    multi_label: Annotated[bool, Field(description="Whether a record has any number of labels, as a list")] = False

    def arrays(self) -> dict[str, ArrayOf]:
        return {
            "tokens": ArrayOf("token", (None,)),
            "segments": ArrayOf("uint8", (None,)),
            **({"types": ArrayOf("uint8", (None,))} if self.pair else {}),
            "label": ArrayOf("int32", (None,) if self.multi_label else ()),
            "record": ArrayOf("int64"),
        }

    def collect(self, records: Iterable[Mapping[str, Any]]) -> Facts:
        """Collect the labels in their order (numbers by size, words by code point), and how many records have each."""
        counts: Counter[Any] = Counter()
        for record in records:
            counts.update(self._labels(record))
        if len(counts) < (1 if self.multi_label else 2):
            code = "L0512.none" if self.multi_label else "L0512"
            raise TaskFailed(code, {"label": shown(next(iter(counts), None))}, field="data", help="L0512.help")
        # Words and numbers don't mix in a column, but true and 1 are the same key: the type decides first.
        labels = sorted(counts, key=lambda label: (isinstance(label, str), label))
        return {"labels": labels, "label_counts": [counts[label] for label in labels]}

    def rows(
        self, records: Iterable[Mapping[str, Any]], tokenizer: Tokenizer, roles: Mapping[str, int], facts: Facts
    ) -> Generator[dict[str, Any], None, dict[str, int]]:
        tokenizer, start, end = plain(tokenizer), first_token(roles), role(roles, "end")
        seen: Counter[int] = Counter()
        index = {label: number for number, label in enumerate(facts["labels"])}
        for batch in batches(records, self.column):
            firsts = encode(tokenizer, [record[self.column] for record in batch])
            seconds = encode(tokenizer, [text_of(record, self.pair) for record in batch]) if self.pair else []
            for number, record in enumerate(batch):
                parts = [firsts[number].ids] + ([seconds[number].ids] if self.pair else [])
                tokens, types = self._assembled(parts, start, end)
                label = self._target(record, index)
                if isinstance(label, int):
                    seen[label] += 1
                yield {
                    "tokens": tokens,
                    "segments": _ones(len(tokens)),
                    **({"types": types} if self.pair else {}),
                    "label": label,
                    "record": record["_record"],
                }
        # What is measured on a split of one label says little.
        return {"labels.one": seen.total() if len(seen) == 1 and seen.total() > 1 else 0}

    def _assembled(self, parts: list[list[int]], start: int, end: int) -> tuple[Array, Array]:
        """Give the tokens of a row, and of each the number of its text: 0 or 1."""
        import numpy as np

        room = self.length - 1 - len(parts)
        tokens, types = [start], [0]
        for number, (part, size) in enumerate(zip(parts, shared(room, [len(part) for part in parts]), strict=True)):
            tokens += part[:size] if self.keep == "start" else part[len(part) - size :]
            tokens.append(end)
            types += [number] * (size + 1)
        return np.array(tokens, dtype=np.int64), np.array(types, dtype=np.uint8)

    def _labels(self, record: Mapping[str, Any]) -> list[Any]:
        return labels_of(record, self.label) if self.multi_label else [label_of(record, self.label)]

    def _target(self, record: Mapping[str, Any], index: Mapping[Any, int]) -> int | Array:
        import numpy as np

        numbers = []
        for label in self._labels(record):
            if label not in index:
                known = ", ".join(shown(each) for each in list(index)[:10])
                values = {"label": shown(label), "record": record["_record"] + 1, "known": known}
                raise TaskFailed("L0513", values, field="data", help="L0513.help")
            numbers.append(index[label])
        return np.array(sorted(numbers), dtype=np.int64) + 1 if self.multi_label else numbers[0]


def shared(room: int, lengths: list[int]) -> list[int]:
    """Share room for tokens between one or two texts: the longer is cut until both are equally long."""
    if len(lengths) == 1 or sum(lengths) <= room:
        return [min(length, room) for length in lengths]
    first, second = lengths
    half = room // 2
    if second <= half:
        return [room - second, second]
    if first <= room - half:
        return [first, room - first]
    return [room - half, half]


def _ones(length: int) -> Array:
    import numpy as np

    return np.ones(length, dtype=np.uint8)
