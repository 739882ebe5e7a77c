"""The objective `mixed`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from ....dsl.program import Reference
from ...component import Facts, Place
from ...models import Model, Shape
from ...values import Batch, Encoding, Network, Objective, Opening, TensorBatch
from ..encoding.packed import Packed
from .language import LanguageModelling

if TYPE_CHECKING:
    import numpy as np
    import torch
    from tokenizers import Tokenizer
    from torch import nn

Weight = Annotated[float, Field(gt=0)]


class Mixed(Objective):
    """Learn by several objectives at once: each batch belongs to one of them, drawn by its share.

    Rows are of one length, so that shares of batches are shares of tokens; both are shown beside the loss, and each part's
    loss. The loss of a batch is the mean of its part, so that a part counts by its share and not by how many of its tokens
    carry loss. A part that reads both ways, such as `masked_lm`, makes a decoder do so by a prefix of everything (UniLM,
    Dong et al. 2019, arXiv:1905.03197). Parts that predict tokens share one head, that of the first.
    """

    name: ClassVar[str] = "mixed"
    example: ClassVar[str] = (
        "mixed { parts = { causal = causal_lm, masked = masked_lm }, shares = { causal = 70%, masked = 30% } }"
    )
    attention: ClassVar[tuple[str, ...]] = ("causal", "bidirectional", "encoder_decoder")

    parts: dict[str, Objective] = Field(min_length=2, description="The objectives, by a name of your choice")
    shares: dict[str, Weight] = Field(
        default_factory=dict, description="How many tokens each one gets, relative to the others; none is alike"
    )

    @property
    def gives(self) -> tuple[str, ...]:  # type: ignore[override]
        """What metrics may be computed of: nothing but the loss, which is no one likelihood; and whether a part writes."""
        return ("text",) if any("text" in part.gives for part in self.parts.values()) else ()

    def check(self, place: Place) -> None:
        """Report parts without a share, and shares without a part."""
        if self.shares:
            for name in self.parts.keys() - self.shares.keys():
                place.error("shares", "L0605", {"part": name}, help="L0605.help")
            for name in self.shares.keys() - self.parts.keys():
                place.error("shares", "L0605", {"part": name}, help="L0605.help", index=name)

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
        """Draw the part that the batch belongs to, and prepare it: its arrays are called `part.array`.

        `weight` (B,) makes of the part's sum a sum over rows whose mean is the part's mean loss.
        """
        import numpy as np

        shares = np.array([self.shares.get(name, 1.0) for name in self.parts])
        name = list(self.parts)[int(np.searchsorted(np.cumsum(shares / shares.sum()), random.random()))]
        part = self.parts[name]
        prepared = part.prepare(self._cut(batch, part), random, facts)
        rows, count = len(next(iter(prepared.values()))), part.count(prepared)
        if "causal" not in part.attention and "tokens" in prepared:
            prepared = prepared | {"prefix": np.ones(prepared["tokens"].shape, dtype=bool)}
        weight = np.full(rows, rows / (count or 1.0), dtype=np.float32)
        return {f"{name}.{array}": value for array, value in prepared.items()} | {"weight": weight}

    def _cut(self, batch: Batch, part: Objective) -> Batch:
        """Cut off what another part wants of rows: a causal one, a token that the next row begins with."""
        some = Shape(hidden_size=1, context_length=64, attention="")
        wanted, given = (each.encoding(some) for each in (part, self))
        more = given.length - wanted.length if isinstance(given, Packed) and isinstance(wanted, Packed) else 0
        return {name: array[:, : array.shape[1] - more] for name, array in batch.items()} if more else batch

    def count(self, batch: Batch) -> float:
        return float(len(batch["weight"]))

    def head(self, shape: Shape, body: nn.Module, facts: Facts) -> nn.Module:
        from ...nn.parts import PartHeads

        heads: dict[str, nn.Module] = {}
        shared: nn.Module | None = None
        for name, part in self.parts.items():
            own = (
                shared if isinstance(part, LanguageModelling) and shared is not None else part.head(shape, body, facts)
            )
            if own is not None:
                heads[name] = own
            if isinstance(part, LanguageModelling):
                shared = own
        writes = [name for name, part in self.parts.items() if "text" in part.gives and name in heads]
        return PartHeads(heads, (writes or list(heads))[0])

    def opening(self, prompt: Sequence[int], roles: Mapping[str, int], shape: Shape) -> Opening:
        """Have a text begin as the first part that writes has it."""
        return self._writing().opening(prompt, roles, shape)

    def begin(self, prompt: str, tokenizer: Tokenizer, facts: Facts, shape: Shape) -> Opening:
        """Have a text begin as the first part that writes has it."""
        return self._writing().begin(prompt, tokenizer, facts, shape)

    def in_chat(self) -> Objective | None:
        return self._writing().in_chat()

    def shown(self, prompt: str) -> str:
        return self._writing().shown(prompt)

    def _writing(self) -> Objective:
        """Give the first part that writes text; any part if none does."""
        parts = list(self.parts.values())
        return next((part for part in parts if "text" in part.gives), parts[0])

    def frozen(self) -> tuple[Reference, ...]:
        return tuple(reference for part in self.parts.values() for reference in part.frozen())

    def loss(self, network: Network, batch: TensorBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        from ...nn.parts import PartNetwork

        name, own = self._part(batch)
        loss, _ = self.parts[name].loss(PartNetwork(network, name, self._frozen(name, network)), own)
        loss = loss * batch["weight"][0]
        rows = loss.new_full((), len(batch["weight"]))
        shares = {f"{other}_share": rows if other == name else loss.new_zeros(()) for other in self.parts}
        return loss, {f"{name}_loss": loss, f"{name}_loss_count": rows, **shares}

    def _frozen(self, name: str, network: Network) -> Sequence[Network]:
        """Give the frozen networks of a part: they lie in the order of `frozen`."""
        before = 0
        for other, part in self.parts.items():
            if other == name:
                return network.frozen[before : before + len(part.frozen())]
            before += len(part.frozen())
        return ()

    def targets(self, batch: Batch) -> np.ndarray[Any, Any] | None:
        name, own = self._part(batch)
        return self.parts[name].targets(own)

    def carries(self, batch: Batch) -> np.ndarray[Any, Any] | None:
        name, own = self._part(batch)
        return self.parts[name].carries(own)

    def _part(self, batch: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Give the name of the part that a batch belongs to, and its arrays by their own names."""
        name = next(array for array in batch if "." in array).split(".")[0]
        return name, {array.removeprefix(f"{name}."): value for array, value in batch.items() if "." in array}


def _common(encodings: Any) -> Encoding | None:
    """Give an encoding whose rows hold those of each of these, or None."""
    given = list(encodings)
    if all(encoding == given[0] for encoding in given):
        first: Encoding = given[0]
        return first
    if not all(type(encoding) is Packed and encoding.column == given[0].column for encoding in given):
        return None
    return Packed(
        length=max(encoding.length for encoding in given),
        overlap=max(encoding.overlap for encoding in given),
        words=any(encoding.words for encoding in given),
        column=given[0].column,
    )
