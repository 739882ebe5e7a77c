"""The loss of each row of a batch, of which the body reads all rows at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ...plugins.nn.gather import gather_positions
from ...plugins.nn.network import Network
from ...plugins.values import Batch, Objective, TensorBatch
from .order import Indices

if TYPE_CHECKING:
    from .loader import Reader


class RowByRow:
    """A network (the protocol) whose body reads a batch once: what it gives for a row is cut from what it gave for all.

    An objective that hands its own tensors to the body, and not those of its batch, has them read row by row.
    """

    def __init__(self, network: Network, batch: TensorBatch) -> None:
        self.network, self.batch = network, batch
        self.body, self.head, self.training = network.body, network.head, network.training
        self._rows = len(next(iter(batch.values())))
        self._row: int | None = None
        self._whole: dict[int, Tensor] = {}
        """The tensors of the batch, by the identity of the row that was cut from them."""
        self._known: dict[tuple[tuple[str, int], ...], Tensor] = {}

    def losses(self, objective: Objective) -> dict[str, Tensor]:
        """Give the loss of each row and the further sums, each (B,)."""
        found: list[dict[str, Tensor]] = []
        for batch in self._each():
            loss, parts = objective.loss(self, batch)
            found.append({"loss": loss.detach(), **{name: part.detach() for name, part in parts.items()}})
        return {name: torch.stack([one[name] for one in found]) for name in found[0]}

    def hidden(self, batch: TensorBatch, *more: Any, at: Tensor | None = None, **named: Any) -> Tensor:
        """Run the body, or give what it gave (see `Network.hidden`)."""
        if at is not None:
            return gather_positions(self.hidden(batch, *more, **named), at)
        whole = {name: self._whole.get(id(tensor), tensor) for name, tensor in batch.items()}
        own = {id(tensor) for tensor in self.batch.values()}
        if more or named or any(id(tensor) not in own for tensor in whole.values()):
            return self.network.hidden(batch, *more, **named)
        key = tuple((name, id(tensor)) for name, tensor in whole.items())
        if key not in self._known:
            self._known[key] = self.network.hidden(whole)
        known = self._known[key]
        if self._row is None or len(known) != self._rows:
            return known if self._row is None else self.network.hidden(batch)
        return known[self._row : self._row + 1]

    def _each(self) -> Iterator[TensorBatch]:
        try:
            for row in range(self._rows):
                cut = {name: tensor[row : row + 1] for name, tensor in self.batch.items()}
                self._row, self._whole = row, {id(cut[name]): tensor for name, tensor in self.batch.items()}
                yield cut
        finally:
            self._row, self._whole = None, {}

    def __getattr__(self, name: str) -> Any:
        """Give whatever else an objective asks of a network."""
        return getattr(self.network, name)


class Each:
    """Keeps the sums of each row, by the row's number."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self._found: dict[str, np.ndarray[Any, Any]] = {}

    def take(self, rows: Indices, losses: Mapping[str, Tensor], counts: np.ndarray[Any, Any]) -> None:
        """Note what was found for some rows."""
        names = list(losses)
        # One copy from the device for all of them.
        values = torch.stack([losses[name].float() for name in names]).cpu().numpy()
        for name, found in zip([*names, "count"], [*values, counts], strict=True):
            self._found.setdefault(name, np.zeros(self.rows))[rows] = found

    def arrays(self, reader: Reader) -> dict[str, np.ndarray[Any, Any]]:
        """Give what was found (rows,), and of which record each row is, if rows are of one."""
        records = reader.shards.scalar_values(np.arange(self.rows)).get("record")
        return self._found | ({} if records is None else {"record": np.array(records, dtype=np.int64)})


def row_counts(objective: Objective, batch: Batch, share: slice) -> np.ndarray[Any, Any]:
    """Give what the loss of each row of a share of a prepared batch is divided by."""
    rows = range(*share.indices(len(next(iter(batch.values())))))
    return np.array([objective.count({name: values[row : row + 1] for name, values in batch.items()}) for row in rows])
