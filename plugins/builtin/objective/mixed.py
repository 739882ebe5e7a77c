"""The objective `mixed`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from ....dsl.types import Keyed, Number
from ...component import Facts, Place
from ...models import Model, Shape
from ...values import IGNORED, Batch, Encoding, Network, Objective, TensorBatch
from ...writing import Writing
from ..encoding.packed import Packed
from .language import LanguageModelling
from .shares import Turns, turns_of

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import nn

    Array = np.ndarray[Any, Any]

Shares = Annotated[dict[str, float], Keyed(item=Number(gt=0, le=1), of="parts")]

OWN = ("targets", "positions")
"""The arrays that say what is predicted, and where: each part has its own. All others are what the body reads."""


class Mixed(Objective):
    """Learn by several objectives at once on one model, each on its share of the rows.

    The rows of each step are dealt out by the shares, as evenly as whole rows allow, and read together: each has the
    attention that its part wants, for a part that reads both ways, such as `masked_lm`, makes a decoder do so by a prefix of
    everything (UniLM, Dong et al. 2019, arXiv:1905.03197). A part's loss is the mean over what it predicts, and counts by its
    share of the rows, however many of their tokens carry loss. All share one head, that of the part with the largest share
    that writes text. A part with settings is an objective that the file declares, or stands in `parts`. Each part's loss is
    shown by its name; to measure a checkpoint, name the part's objective: `evaluate(…, objective = causal_lm)`.
    """

    name: ClassVar[str] = "mixed"
    version: ClassVar[int] = 2
    example: ClassVar[str] = "mixed { causal_lm = 70%, masked_lm = 30% }"
    attention: ClassVar[tuple[str, ...]] = ("causal", "bidirectional", "encoder_decoder")
    gives: ClassVar[tuple[str, ...]] = ()

    parts: dict[str, Objective] = Field(
        min_length=2, description="The objectives by name; one without settings needs no entry here beside its share"
    )
    shares: Shares = Field(
        description="The part of the rows that each one has, written in the block itself: 100 % in all"
    )

    def check(self, place: Place) -> None:
        """Report shares that don't come to 100 %, parts without a share or a share without a part, and what can't be one."""
        for name in self.parts.keys() ^ self.shares.keys():
            place.error("shares", "L0605", {"part": name}, help="L0605.help", index=name)
        if abs(sum(self.shares.values()) - 1) > 1e-6:
            values = {"sum": f"{sum(self.shares.values()):.4%}"}
            place.error("shares", "L0594", values, help="L0594.help")
        for name, part in self.parts.items():
            if not isinstance(part, LanguageModelling):
                values = {"part": name, "objective": part.name}
                place.error("parts", "L0595", values, help="L0595.help", index=name)

    def reads(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(column for part in self.parts.values() for column in part.reads()))

    def roles(self, shape: Shape) -> tuple[str, ...]:
        return tuple(dict.fromkeys(role for part in self.parts.values() for role in part.roles(shape)))

    def check_model(self, place: Place, model: Model, field: str) -> None:
        for name, part in self.parts.items():
            both_ways = "bidirectional" in part.attention and model.attention == "causal" and model.takes_prefix
            if model.attention in part.attention:
                part.check_model(place, model, field)
            elif not both_ways:
                values = {"part": name, "objective": part.name, "model": model.name, "given": model.attention}
                place.error(field, "L0603", values, help="L0603.help")
        if not all(isinstance(part, LanguageModelling) for part in self.parts.values()):
            return  # `check` has said so
        encodings = {name: part.encoding(model.shape) for name, part in self.parts.items()}
        if _common(encodings.values()) is None:
            given = [f"{name}: {encoding.name}" for name, encoding in encodings.items()]
            place.error(field, "L0604", {"given": given}, help="L0604.help")

    def encoding(self, shape: Shape) -> Encoding:
        """Give the encoding whose rows hold those of every part."""
        common = _common(part.encoding(shape) for part in self.parts.values())
        assert common is not None, "checked"
        return common

    def prepare(self, batch: Batch, random: np.random.Generator, facts: Facts) -> Batch:
        """Deal the rows out, and have each part prepare its own.

        Targets and positions of a part are called `part.targets`, with nothing to predict in rows of others, and are left
        out if it has no row at all. `part` (B,) says whose each row is (the number in `_names`), `weight` (B,) what its
        losses are multiplied by: with it the sum over a part's rows is their number times the part's mean loss.
        """
        import numpy as np

        whose = self._turns().drawn(len(next(iter(batch.values()))), random)
        weight = np.zeros(len(whose), dtype=np.float32)
        prepared = {}
        for number, name in enumerate(self._names()):
            rows = np.flatnonzero(whose == number)
            if not len(rows):
                continue
            part = self.parts[name]
            own = part.prepare(_cut(batch, self, part, rows), random, facts)
            weight[rows] = len(rows) / (part.count(own) or 1.0)
            if "causal" not in part.attention and "tokens" in own:
                own = own | {"prefix": np.ones(own["tokens"].shape, dtype=bool)}
            prepared[name] = (rows, own)
        return _together(prepared, len(whose)) | {"part": whose.astype(np.int64), "weight": weight}

    def _names(self) -> list[str]:
        """Give the names in an order that doesn't depend on how they were written."""
        return sorted(self.parts)

    def _turns(self) -> Turns:
        return turns_of(tuple(self.shares[name] for name in self._names()))

    def count(self, batch: Batch) -> float:
        return float(len(batch["weight"]))

    def learned(self) -> Objective:
        """Give the part with the largest share, of those that write text if there is one."""
        ranked = sorted(self.parts, key=lambda name: (-self.shares.get(name, 0.0), name))
        return next((self.parts[name] for name in ranked if self.parts[name].writes), self.parts[ranked[0]])

    def head(self, shape: Shape, body: nn.Module, facts: Facts) -> nn.Module | None:
        return self.learned().head(shape, body, facts)

    def tells_apart(self, facts: Facts) -> Any:
        return self.learned().tells_apart(facts)

    def loss(self, network: Network, batch: TensorBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Read all rows at once, and have each part judge its own."""
        from ...nn.parts import RowsRead, rows_of

        hidden = network.hidden(batch)
        total, shown = hidden.new_zeros((), dtype=_wide(hidden)), {}
        for number, name in enumerate(self._names()):
            is_own = batch["part"] == number
            shown[f"{name}_share"] = is_own.float().sum()
            if f"{name}.targets" not in batch:
                continue
            rows = rows_of(number, batch["part"], self._turns().most(number, len(is_own)))
            own = {array: values.index_select(0, rows) for array, values in _of(name, batch).items()}
            loss, _ = self.parts[name].loss(RowsRead(network, hidden, rows), own)
            # The first row is the part's own, if any is: of others there is no loss.
            total = total + loss * batch["weight"].index_select(0, rows[:1]).squeeze(0)
            shown |= {f"{name}_loss": loss.detach(), f"{name}_loss_count": own["targets"].ne(IGNORED).float().sum()}
        return total, shown

    def targets(self, batch: Batch) -> np.ndarray[Any, Any] | None:
        import numpy as np

        found = [values[values != IGNORED] for name, values in batch.items() if name.endswith(".targets")]
        return np.concatenate(found)

    def carries(self, batch: Batch) -> np.ndarray[Any, Any] | None:
        carried = None
        for name in self._names():
            if f"{name}.targets" in batch:
                own = self.parts[name].carries({**batch, **_of(name, batch)})
                carried = own if carried is None or own is None else carried | own
        return carried

    @property
    def writes(self) -> Writing | None:
        return self.learned().writes


def _of(name: str, batch: Mapping[str, Any]) -> dict[str, Any]:
    """Give the arrays of a part by their own names."""
    return {array: batch[f"{name}.{array}"] for array in OWN if f"{name}.{array}" in batch}


def _wide(hidden: torch.Tensor) -> torch.dtype:
    import torch

    return torch.promote_types(hidden.dtype, torch.float32)


def _cut(batch: Batch, whole: Objective, part: Objective, rows: Array) -> Batch:
    """Give some rows without what only other parts want of them: a causal one, a token that the next row begins with."""
    some = Shape(hidden_size=1, context_length=64, attention="")
    wanted, given = (each.encoding(some) for each in (part, whole))
    more = given.length - wanted.length if isinstance(given, Packed) and isinstance(wanted, Packed) else 0
    return {name: array[rows, : array.shape[1] - more] if more else array[rows] for name, array in batch.items()}


def _together(prepared: Mapping[str, tuple[Array, Batch]], rows: int) -> Batch:
    """Put the rows of all parts into arrays of so many rows; a shorter one is filled up with padding.

    What the body reads has one name for all. Targets that lie along a stream are as long as that is now.
    """
    import numpy as np

    streams = {array for _, own in prepared.values() for array in own if array not in OWN}
    width = {array: max(own[array].shape[1] for _, own in prepared.values() if array in own) for array in streams}
    along = width.get("target_tokens", width.get("tokens"))
    together: Batch = {}
    for name, (chosen, own) in prepared.items():
        for array, values in own.items():
            if array in OWN:
                size = along if array == "targets" and "positions" not in own else values.shape[1]
                key, fill = f"{name}.{array}", IGNORED if array == "targets" else 0
            else:
                key, size, fill = array, width[array], 0
            if key not in together:
                together[key] = np.full((rows, size), fill, dtype=values.dtype)
            together[key][chosen, : values.shape[1]] = values
    return together


def _common(encodings: Iterable[Encoding]) -> Encoding | None:
    """Give an encoding whose rows hold those of each of these, or None."""
    given = list(encodings)
    if all(encoding == given[0] for encoding in given):
        return given[0]
    packed = [encoding for encoding in given if type(encoding) is Packed]
    if len(packed) < len(given) or len({encoding.column for encoding in packed}) > 1:
        return None
    return Packed(
        length=max(encoding.length for encoding in packed),
        overlap=max(encoding.overlap for encoding in packed),
        words=any(encoding.words for encoding in packed),
        column=packed[0].column,
    )
