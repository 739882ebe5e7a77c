"""The era of a passage from few labels: examples/transfer.llx, and the Trainer with MiniLM and the same rows."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import llx
import pyarrow.parquet
import torch
from common import ROOT
from results import spread

EXAMPLE = ROOT / "examples" / "transfer.llx"
WEIGHTS = ROOT / "examples" / "weights" / "minilm"
SHARES = ("1%", "10%", "100%")
LENGTH, ROWS, STEPS, RATE = 64, 16, 60, 3e-4
"""As the example has them."""


def table(seeds: Sequence[int]) -> Iterator[Sequence[str]]:
    """Give the rows of the table, a share of the labels each."""
    yield "labels", "most frequent", "llx, from nothing", "llx, MiniLM", "Trainer, MiniLM"
    yield "---", "---", "---", "---", "---"
    for share in SHARES:
        ours, nothing, theirs = [], [], []
        for seed in seeds:
            result = llx.run(EXAMPLE, only=("tuned_scores", "scratch_scores"), params=[f"share={share}"], seed=seed)
            assert result.ok, result.diagnostics
            ours.append(result["tuned_scores"].metrics["accuracy"])
            nothing.append(result["scratch_scores"].metrics["accuracy"])
            train = rows_of(result["known"].path / "train.parquet")
            held = rows_of(result["passages"].path / "validation.parquet")
            theirs.append(trained(train, held, seed))
        trivial = result["tuned_scores"].facts["references"]["accuracy"]
        yield f"{len(train[0]):,}", f"{trivial:.3f}", spread(nothing), spread(ours), spread(theirs)


def rows_of(file: Path) -> tuple[list[str], list[str]]:
    """Read texts and labels."""
    columns = pyarrow.parquet.read_table(file, columns=["text", "label"])
    return columns["text"].to_pylist(), columns["label"].to_pylist()


def trained(train: tuple[list[str], list[str]], held: tuple[list[str], list[str]], seed: int) -> float:
    """Fine-tune with the Trainer; give the accuracy on the rows that were held back."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments

    labels = sorted(set(held[1]))
    tokenizer = AutoTokenizer.from_pretrained(WEIGHTS)
    torch.manual_seed(seed)
    model = AutoModelForSequenceClassification.from_pretrained(WEIGHTS, num_labels=len(labels))

    def encoded(rows: tuple[list[str], list[str]]) -> list[dict[str, Any]]:
        made = tokenizer(rows[0], truncation=True, max_length=LENGTH)
        return [
            {"input_ids": ids, "attention_mask": mask, "labels": labels.index(label)}
            for ids, mask, label in zip(made["input_ids"], made["attention_mask"], rows[1], strict=True)
        ]

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            use_cpu=True,
            seed=seed,
            max_steps=STEPS,
            per_device_train_batch_size=ROWS,
            per_device_eval_batch_size=64,
            learning_rate=RATE,
            weight_decay=0.1,
            lr_scheduler_type="cosine",
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
        )
        trainer = Trainer(model, arguments, train_dataset=encoded(train), processing_class=tokenizer)  # type: ignore[arg-type]
        trainer.train()
        guesses = trainer.predict(encoded(held))  # type: ignore[arg-type]
    return float((guesses.predictions.argmax(axis=1) == guesses.label_ids).mean())
