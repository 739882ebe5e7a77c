"""An experiment of which some stages are trained by the Hugging Face Trainer: the same network, rows and metrics.

    python bench/peers/in_trainer.py FILE STORE '["token_classification"]' '["scores"]' SEED

Everything but the loop is llx's own: weights to begin with, encoded rows, validation and what is measured. The stages of the
objectives that are named are stepped by the Trainer, with its own sampling, optimizer and schedule (cosine to zero).
Prints the metrics of the evaluations as JSON.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
from typing import Any

import llx
import numpy as np
import torch
from llx.plugins.component import Facts
from llx.runtime.training.learner import Learner
from llx.runtime.training.loader import tensors
from llx.runtime.training.loop import Training
from llx.runtime.training.order import key
from llx.runtime.training.result import facts_of, write_result
from transformers import Trainer, TrainerCallback, TrainerControl, TrainingArguments


class Numbers(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """The numbers of the rows: they are read and padded when a batch is put together."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> int:
        return index


class Mean(torch.nn.Module):
    """A network whose forward pass is its mean loss, as the Trainer wants it."""

    def __init__(self, learner: Learner) -> None:
        super().__init__()
        self.learner = learner

    def forward(self, count: torch.Tensor, **batch: torch.Tensor) -> dict[str, torch.Tensor]:
        total, *_ = self.learner(batch)
        return {"loss": total / count}


class ByTrainer(Training):
    """A training whose steps are the Trainer's, where its objective is one of `objectives`."""

    objectives: frozenset[str] = frozenset()
    trained = 0

    def run(self) -> Facts:
        if self.job.objective.name not in self.objectives:
            return super().run()
        ByTrainer.trained += 1
        setup, job = self.setup, self.job
        assert setup.budget.steps is not None
        optimizer: Any = job.optimizer
        warmup = job.schedule.rise()
        with tempfile.TemporaryDirectory() as folder:
            arguments = TrainingArguments(
                folder,
                use_cpu=True,
                seed=setup.seed,
                max_steps=setup.budget.steps,
                per_device_train_batch_size=setup.rows,
                learning_rate=optimizer.rate,
                weight_decay=optimizer.weight_decay,
                lr_scheduler_type="cosine",
                warmup_steps=0 if warmup is None else round(setup.pace.steps(warmup)),
                save_strategy="no",
                logging_steps=10_000,
                report_to=[],
                disable_tqdm=True,
                remove_unused_columns=False,
            )
            Trainer(
                Mean(self.learner),
                arguments,
                train_dataset=Numbers(len(setup.shards)),
                data_collator=self._collated,
                callbacks=[Validating(self)],
            ).train()
        if self.validation.is_due(ended=True):
            self.emit(self.validation.validate(lambda rows: None))
        write_result(setup, self.state, self.validation.weights(), self.validation.best_weights())
        return facts_of(setup, self.state, self.network, None)

    def _collated(self, rows: list[int]) -> dict[str, torch.Tensor]:
        reader = self.setup.reader
        batch = reader.prepared(np.array(rows), key(self.setup.seed, "collated", *rows))
        (part,) = tensors(batch, [slice(None)])
        return part | {"count": torch.tensor(float(reader.objective.count(batch)))}


class Validating(TrainerCallback):
    """Validates as often as llx does, and ends the training when llx's patience is spent."""

    def __init__(self, training: ByTrainer) -> None:
        self.training = training

    def on_step_end(self, _: Any, state: Any, control: TrainerControl, **__: Any) -> TrainerControl:
        training = self.training
        training.state.step = state.global_step
        if training.validation.is_due(ended=False):
            training.emit(training.validation.validate(lambda rows: None))
            training.network.train()
            control.should_training_stop |= training.state.patience_spent
        return control


def main() -> int:
    file, store, objectives, evaluations, seed = sys.argv[1:]
    ByTrainer.objectives = frozenset(json.loads(objectives))
    # The package has a function of the module's name.
    importlib.import_module("llx.runtime.training.train").Training = ByTrainer  # type: ignore[attr-defined]
    wanted = json.loads(evaluations)
    result = llx.run(file, only=wanted, store=store, seed=int(seed))
    assert result.ok, result.diagnostics
    assert ByTrainer.trained, "no stage has one of these objectives"
    print(json.dumps({name: result[name].metrics for name in wanted}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
