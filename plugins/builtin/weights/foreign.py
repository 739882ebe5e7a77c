"""What weights from elsewhere share: they become a checkpoint like one that was trained here."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import PrivateAttr

from ...api import (
    Artifact,
    Estimate,
    Facts,
    FactsOf,
    Field,
    Model,
    Objective,
    Place,
    Reference,
    TaskFailed,
    WeightsTask,
    Work,
    neutral,
)
from ...baddata import BadData
from ...hub.fits import misfit, require_tensors
from ...hub.header import Shapes
from ...hub.mapping import Config, Family
from ..objective.causal_lm import CausalLM
from ..objective.classification import Classification
from ..objective.masked_lm import MaskedLM
from ..objective.sequence_to_sequence import SequenceToSequence
from ..tokenizer.roles import store

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

    from ...hub.mapping import HubModel

CHECKPOINT = "checkpoint"
_SHOWN = 8
"""Names of tensors in a message."""


class ForeignWeights(WeightsTask):
    """The base of weights from files: model, objective and vocabulary are known from them before anything runs."""

    path: str
    context_length: int | None = Field(
        None, ge=4, description="The most tokens that a row may have; none is as many as the model was made for"
    )
    fetch: str | None = neutral(
        None, "The command that brings the files, to be said where they aren't there", min_length=1
    )
    _root: Path = PrivateAttr(Path())
    """The project's root. `check` gets to know it, before anybody asks for what the files say."""

    @abstractmethod
    def look(self, root: Path) -> tuple[Family, Config]:
        """Give the family and the configuration; BadData for what keeps them from being used."""

    @abstractmethod
    def tensors(self, root: Path) -> tuple[set[str], Callable[[str], Tensor]]:
        """Give the names of the tensors, by the family's names, and what reads one."""

    @abstractmethod
    def shapes(self, root: Path) -> Shapes:
        """Give the shapes of the tensors, by the family's names, from the files' headers; BadData for what has none."""

    @abstractmethod
    def highest_id(self, root: Path) -> int | None:
        """Give the highest id of the tokenizer, without loading it; None if that can't be told."""

    @abstractmethod
    def read_tokenizer(self, root: Path) -> tuple[Tokenizer, dict[str, int]]:
        """Give the tokenizer and the ids of its special tokens by role."""

    def chat_template(self, root: Path) -> Facts:
        """Give the facts of the tokenizer's own chat template; none without one."""
        return {}

    def outputs(self) -> dict[str, Artifact]:
        tokenizer = {"tokenizer": Artifact("tokenizer"), "vocab_size": Artifact("number")}
        return {CHECKPOINT: Artifact("checkpoint"), **tokenizer}

    def check(self, place: Place) -> None:
        self._root = place.root
        try:
            if not (place.root / self.path).exists():
                values = {"path": self.path, "command": self.fetch}
                raise BadData("L0743", values, help="L0743.fetch" if self.fetch else "L0743.help")
            family, config = self.look(place.root)
            model, vocab_size = self._model(place.root), config.size("vocab_size")
            model.check(place)
            if place.problems:
                return
            require_tensors(family, model, vocab_size, self.shapes(place.root))
            self._require_ids(place.root, vocab_size)
        except BadData as bad:
            bad.report(place)
            return
        self._check_context(place, model)

    def _check_context(self, place: Place, model: HubModel) -> None:
        """Report a context that is longer than the weights have learned to read."""
        full, asked = self._described(place.root).context_length, self.context_length
        if asked is None or asked <= full:
            return
        values = {"context_length": asked, "most": full}
        if model.positions == "learned":
            place.error("context_length", "L0700", values, help="L0700.help")
        elif model.positions == "rope":
            place.warning("context_length", "L0744", values, help="L0744.help")

    def _require_ids(self, root: Path, vocab_size: int) -> None:
        highest = self.highest_id(root)
        if highest is not None and highest >= vocab_size:
            raise BadData("L0701", {"tokens": highest + 1, "known": vocab_size})

    def described_model(self) -> Model:
        return self._model(self._root)

    def described_tokenizer(self) -> Reference:
        return self.output("tokenizer")

    def described_objective(self) -> Objective | None:
        try:
            family, config = self.look(self._root)
        except BadData:
            return None
        return objective_of(family, config)

    def known_vocab_size(self, root: Path) -> int | None:
        try:
            return self.look(root)[1].size("vocab_size")
        except BadData:
            return None  # reported by `check`

    def facts(self, inputs: FactsOf) -> Facts:
        vocab_size = self.known_vocab_size(self._root)
        return {} if vocab_size is None else {"vocab_size": vocab_size}

    def estimate(self, inputs: FactsOf) -> Estimate:
        vocab_size = self.known_vocab_size(self._root)
        if vocab_size is None:
            return Estimate()
        parameters = self._model(self._root).parameters(vocab_size)
        self._hold_against_model()
        return Estimate(parameters=parameters, disk=4 * parameters)

    def _hold_against_model(self) -> None:
        """Hold all tensors, by their shapes alone, against the model; TaskFailed for those that don't fit."""
        import torch

        try:
            family, config = self.look(self._root)
            facts: Facts = {"vocab_size": config.size("vocab_size"), "labels": labels_of(config)}
            objective, shapes = objective_of(family, config), self.shapes(self._root)
            self._imported(
                self._root, family, objective, facts, set(shapes), lambda name: torch.empty(shapes[name], device="meta")
            )
        except BadData as bad:
            raise bad.failure(self) from None

    def run(self, work: Work) -> Facts:
        try:
            family, config = self.look(work.root)
            vocab_size = config.size("vocab_size")
            tokenizer, roles = self.read_tokenizer(work.root)
            highest = max(tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)
            if highest >= vocab_size:
                raise BadData("L0701", {"tokens": highest + 1, "known": vocab_size})
            objective = objective_of(family, config)
            facts: Facts = {"vocab_size": vocab_size, "roles": roles, **self.chat_template(work.root)}
            if isinstance(objective, Classification):
                facts["labels"] = labels_of(config)
            self._write(work, family, objective, facts, tokenizer)
        except BadData as bad:
            raise bad.failure(self) from None
        return facts

    def _write(
        self, work: Work, family: Family, objective: Objective | None, facts: Facts, tokenizer: Tokenizer
    ) -> None:
        """Write the checkpoint, and the tokenizer beside it."""
        from safetensors.torch import save_file

        found, left = self._imported(work.root, family, objective, facts, *self.tensors(work.root))
        if left:
            work.progress.log("weights.left", count=len(left), names=left[:_SHOWN])
        folder = work.directory / CHECKPOINT
        folder.mkdir()
        save_file(found, folder / "model.safetensors")
        store(tokenizer, facts["roles"], folder)
        store(tokenizer, facts["roles"], work.directory)
        kept = {"format": 1, "objective": objective.name if objective else None, "step": 0, **facts}
        if objective is not None:
            kept["head"] = objective.tells_apart(facts)
        (folder / "facts.json").write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")

    def _imported(
        self,
        root: Path,
        family: Family,
        objective: Objective | None,
        facts: Facts,
        names: set[str],
        read: Callable[[str], Tensor],
    ) -> tuple[dict[str, Tensor], list[str]]:
        """Give the tensors by our names, and the names of those that say nothing here."""
        import torch

        from ...nn.hub import Misfit, import_weights
        from ...nn.network import Network

        model = self._model(root)
        with torch.device("meta"):
            body = model.body(facts["vocab_size"])
            network = Network(body, objective.head(model.shape, body, facts) if objective else None)
        try:
            return import_weights(network, model, family, names, read)
        except Misfit as wrong:
            what = next(key for key in ("missing", "unexpected", "shapes") if getattr(wrong, key))
            raise misfit(what, getattr(wrong, what)) from None

    def _described(self, root: Path) -> HubModel:
        family, config = self.look(root)
        return family.read(config)

    def _model(self, root: Path) -> HubModel:
        model = self._described(root)
        return (
            model if self.context_length is None else model.model_copy(update={"context_length": self.context_length})
        )


def objective_of(family: Family, config: Config) -> Objective | None:
    """Give the objective whose head the weights have; None if they have none that we know."""
    architectures = config.get("architectures") or [""]
    match family.objective(str(architectures[0])):
        case "causal_lm":
            return CausalLM()
        case "masked_lm":
            return MaskedLM()
        case "sequence_to_sequence":
            return SequenceToSequence()
        case "classification":
            bidirectional = "masked_lm" in family.architectures
            return Classification(pooling="first", pooler=True) if bidirectional else Classification(pooling="last")
    return None


def labels_of(config: Config) -> list[str]:
    """Give the labels of a classifier in the order of its outputs."""
    given = config.get("id2label") or {"0": "LABEL_0", "1": "LABEL_1"}
    if not isinstance(given, Mapping) or not all(str(number).isdigit() for number in given):
        raise config.refused("id2label")
    return [str(given[number]) for number in sorted(given, key=lambda number: int(number))]


__all__ = ["CHECKPOINT", "ForeignWeights", "TaskFailed"]
