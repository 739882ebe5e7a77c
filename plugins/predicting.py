"""What objectives do that predict: from rows to predictions, from predictions to records, and to what people are shown."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from .component import Facts
from .values import Network, Objective, Records, TensorBatch

if TYPE_CHECKING:
    from typing import Self


class Predicting(Objective):
    """An objective that makes a prediction of each record: metrics are computed of them, and `llx predict` shows them.

    Rows go through `predict`, and `join` brings what it gives back to the records that the rows were made of.
    """

    of_records: ClassVar[bool] = True
    """Whether a prediction is about a record alone, so that `llx predict` may ask for it (`supplied`, `blank`, `told`)."""

    @property
    def predicts(self) -> Self:
        return self

    @abstractmethod
    def predict(self, network: Network, batch: TensorBatch) -> list[Any]:
        """Give a prediction a row."""

    @abstractmethod
    def join(
        self, predictions: Iterable[tuple[Mapping[str, Any], Any]], facts: Facts, records: Records
    ) -> list[Mapping[str, Any]]:
        """Bring predictions of rows back to their records.

        `predictions` gives for each row its scalar arrays (`record`, `label`, …) and the prediction; `facts` are those
        of the rows, with those of the checkpoint under `train`. The result holds one mapping a record; for `label` they
        have `label`, `prediction` (indices) and `scores`, for `answer` the texts `prediction` and `answers`.
        """

    @property
    def settles(self) -> bool:
        """Whether there is something to `settle`."""
        return False

    def settle(self, joined: Sequence[Mapping[str, Any]], facts: Facts) -> Facts:
        """Choose what follows from the joined predictions on validation rows, such as a threshold.

        The facts go with the checkpoint whose predictions they are.
        """
        return {}

    def supplied(self) -> tuple[str, ...]:
        """Give those of the columns that it reads which a record to predict for doesn't have."""
        return tuple(column for column in self.reads() if column == "label")

    def blank(self, facts: Facts) -> Mapping[str, Any]:
        """Give what takes the place of the columns that are `supplied`; no prediction may depend on it."""
        return dict.fromkeys(self.supplied(), facts["labels"][0])

    def told(self, joined: Mapping[str, Any], facts: Facts) -> Mapping[str, Any]:
        """Give a joined prediction as it is shown: `prediction` and `score` first, then what else there is to know."""
        labels = facts["labels"]
        scores = {str(label): score for label, score in zip(labels, joined["scores"], strict=True)}
        return {
            "prediction": labels[joined["prediction"]],
            "score": joined["scores"][joined["prediction"]],
            "scores": scores,
        }
