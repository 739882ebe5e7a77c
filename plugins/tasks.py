"""The bases of the kinds that are tasks: what data, a tokenizer, a stage, an evaluation, … must offer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from ..dsl.program import Reference
from ..dsl.quantities import Quantity
from ..dsl.types import Artifact
from .adapters import Adapter
from .component import Facts, Part, Task
from .derived import Derived, Purpose, RowsUsed, data_of, derived_as_named, splits_of
from .fields import hidden
from .models import Model
from .values import Objective


class DataTask(Task):
    """Data: rows with named columns, in one split or several.

    The artifact is a folder with `<split>.parquet` for each split, or `rows.parquet` without splits. Facts:
    `rows` {split: count}, and for a mixture `weights` {source: share}, whose rows have the column `source`. Formulas
    see the counts: `reviews.rows["train"]`, or `novels.rows` of data without splits.
    """

    kind: ClassVar[str] = "data"
    artifact: ClassVar[str | None] = "dataset"
    keeps_text: ClassVar[bool] = False
    """Whether its rows are among those that it is made of, with their texts as they were (chosen, divided, joined)."""
    selects: ClassVar[bool] = True
    """Whether its fields may decide which rows are kept, so that two of it with other fields have none in common."""

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """Give the columns of the rows."""

    @property
    def splits(self) -> tuple[str, ...]:
        """Give the names of the splits; none is a dataset that is nothing but rows."""
        return ()

    def outputs(self) -> dict[str, Artifact]:
        whole = Artifact("dataset", self.columns, self.splits)
        count = Artifact("numbers", splits=self.splits) if self.splits else Artifact("number")
        return {"dataset": whole, "rows": count} | {split: Artifact("rows", self.columns) for split in self.splits}

    def number_of(self, output: str, facts: Facts) -> Any:
        # Without splits, the one count stands under the name of the file that holds the rows.
        found = super().number_of(output, facts)
        return found.get("rows") if output == "rows" and not self.splits and isinstance(found, Mapping) else found

    def derives(self, split: str | None) -> Iterable[Derived]:
        """Give what the rows of a split are made of (None: all rows), so that leaks are found before anything runs.

        By default by names: of data with splits the split of the same name; a field that is called like a split is
        all there is of it; and rows without splits that come out in several were divided.
        """
        return derived_as_named(self, self.splits, split)

    def invents(self, split: str | None) -> bool:
        """Tell whether rows of a split are made up of others, and so are to be learned from and never to be judged by."""
        return False

    def origins(self, root: Path) -> Iterable[Hashable]:
        """Give what it reads, if it is not made of other data: two that share an origin may have rows in common.

        By default its files, or the task itself if it has none.
        """
        return [path.resolve() for path in self.files(root)]

    def text_form(self) -> Hashable:
        """Give what decides how the text of a row reads, if it is not made of other data.

        Rows of one origin that read alike are divided alike by their text. None is all fields but files.
        """
        return None


class TokenizerTask(Task):
    """A tokenizer. The artifact holds `tokenizer.json` (of the library tokenizers).

    Facts: `vocab_size`, and `roles` {end, mask, pad: id}, with those that objectives of other sorts need if it has them:
    sentinel_0…, fim_prefix, fim_suffix, fim_middle.
    """

    kind: ClassVar[str] = "tokenizer"
    artifact: ClassVar[str | None] = "tokenizer"

    def outputs(self) -> dict[str, Artifact]:
        return {"tokenizer": Artifact("tokenizer"), "vocab_size": Artifact("number")}

    def uses(self) -> Iterable[RowsUsed]:
        return [RowsUsed(reference, "vocabulary", None, field) for field, reference in data_of(self)]

    def most_tokens(self, size: int) -> int | None:
        """Give the largest vocabulary that can be learned from so many bytes of text; None if there is no limit."""
        return None

    def known_roles(self, root: Path) -> tuple[str, ...] | None:
        """Give the roles that it has special tokens for, from the project's root; None if that is to come."""
        return None

    def known_vocab_size(self, root: Path) -> int | None:
        """Give the size of the vocabulary if a file says it already, from the project's root; None if it is to come."""
        return None


class Trained(Task):
    """A task that puts out checkpoints: what comes after can ask it for all that belongs to one.

    A checkpoint is a folder with `model.safetensors` (`body.…` and `head.…`), `tokenizer.json` and `facts.json`. With an
    adapter `model.safetensors` holds the body as it was before, and `adapter.safetensors` all that was trained beside it
    (plugins/nn/stored.py).
    """

    artifact: ClassVar[str | None] = "checkpoint"

    @abstractmethod
    def described_model(self) -> Model:
        """Give the description of the model."""

    @abstractmethod
    def described_tokenizer(self) -> Reference:
        """Give the tokenizer that the model reads with."""

    def described_objective(self) -> Objective | None:
        """Give the objective that it was trained with last, whose head the checkpoint holds."""
        return None

    def described_adapter(self) -> Adapter | None:
        """Give the adapter that its checkpoints hold beside the body."""
        return None

    def known_vocab_size(self, root: Path) -> int | None:
        """Give how many tokens the stored weights have embeddings for, if their files say it (see `TokenizerTask`)."""
        return None

    def training_tokens(self) -> Task | None:
        """Give the hidden task of the encoded training rows, whose facts (label set) belong to the model."""
        return None


class Stage(Trained):
    """A stage of training.

    Its numbers are the validation losses of its checkpoints: `loss` of the best one, `last_loss` of the last; one that
    chooses by no rows has none.
    """

    kind: ClassVar[str] = "stage"
    final: ClassVar[bool] = True
    on_device: ClassVar[bool] = True
    settings: ClassVar[tuple[str, ...]] = ("seed", "precision", "deterministic")

    until: float | None = hidden(None)
    """The part of the budget after which it pauses, at the last validation within it; the whole stage goes on from there.

    Facts then: `value`, what it selects by, the best so far, `better` (higher or lower), and `steps`.
    """

    @property
    def budgets(self) -> tuple[Quantity, ...]:
        """Give how long it trains, the first one reached; nothing if it doesn't say."""
        return ()

    def part(self) -> Part | None:
        return None if self.until is None else Part(self.model_copy(update={"until": None}), self.until)

    def outputs(self) -> dict[str, Artifact]:
        outputs = {"best": Artifact("checkpoint"), "last": Artifact("checkpoint")}
        if any(used.purpose == "select" for used in self.uses()):
            outputs |= {"loss": Artifact("number"), "last_loss": Artifact("number")}
        return outputs

    def possible_outputs(self) -> dict[str, Artifact]:
        if type(self).outputs is not Stage.outputs:
            return super().possible_outputs()
        checkpoints = {"best": Artifact("checkpoint"), "last": Artifact("checkpoint")}
        return checkpoints | {"loss": Artifact("number"), "last_loss": Artifact("number")}

    def uses(self) -> Iterable[RowsUsed]:
        """Give the rows that it trains on and chooses by.

        By default of each dataset the splits `train` and `validation`, and all of what has no splits; a field that is
        called `validation` or `test` is for that.
        """
        purposes: Mapping[str, Purpose] = {"validation": "select", "test": "measure"}
        for field, reference in data_of(self):
            splits = splits_of(reference)
            if not splits:
                yield RowsUsed(reference, purposes.get(field, "train"), None, field)
            if "train" in splits:
                yield RowsUsed(reference, "train", "train", field)
            if "validation" in splits:
                yield RowsUsed(reference, "select", "validation", field)


class WeightsTask(Trained):
    """Weights from elsewhere."""

    kind: ClassVar[str] = "weights"


class Evaluation(Task):
    """An evaluation; its numbers are outputs.

    Facts: `metrics` {name: value} and `references` {name: value}, `better` {name: higher or lower}, or what else it found.
    """

    kind: ClassVar[str] = "eval"
    final: ClassVar[bool] = True
    on_device: ClassVar[bool] = True

    def uses(self) -> Iterable[RowsUsed]:
        return [RowsUsed(reference, "measure", None, field) for field, reference in data_of(self)]


class Audit(Task):
    """A look at what a model has learned that it should not have."""

    kind: ClassVar[str] = "audit"
    final: ClassVar[bool] = True
    on_device: ClassVar[bool] = True

    def uses(self) -> Iterable[RowsUsed]:
        return [RowsUsed(reference, "measure", None, field) for field, reference in data_of(self)]


class Export(Task):
    """A copy of stored artifacts outside the store. It has the field `to`, where the copy goes.

    The task writes into its directory like any other; the runtime copies that to `to`, and again if the copy is gone.
    """

    kind: ClassVar[str] = "export"
    final: ClassVar[bool] = True
    artifact: ClassVar[str | None] = "folder"
    to: str

    def outputs(self) -> dict[str, Artifact]:
        return {"folder": Artifact("folder")}
