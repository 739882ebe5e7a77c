"""The Hugging Face Trainer, by its defaults or with flags.

python bench/peers/trainer.py WORK.json '{"bf16": true, "attention": "eager"}'
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

import numpy as np
import torch
from common import Steps, rows_of, the_work
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedModel,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

os.environ["TOKENIZERS_PARALLELISM"] = "false"


class Rows(torch.utils.data.Dataset):  # type: ignore[type-arg]
    def __init__(self, rows: Any) -> None:
        self.rows = torch.from_numpy(rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return {"input_ids": self.rows[index], "labels": self.rows[index]}


class Timed(TrainerCallback):
    def __init__(self, steps: Steps) -> None:
        self.steps = steps

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.steps.done(float("nan"))


def gpt(work: dict[str, Any]) -> PreTrainedModel:
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=work["vocab_size"],
            n_positions=work["length"],
            n_layer=work["layers"],
            n_embd=work["hidden_size"],
            n_head=work["heads"],
            activation_function="gelu",
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            use_cache=False,
            bos_token_id=0,
            eos_token_id=0,
            attn_implementation=work.get("attention", "sdpa"),
        )
    )


def bert(work: dict[str, Any]) -> BertConfig:
    return BertConfig(
        vocab_size=work["vocab_size"],
        max_position_embeddings=work["length"],
        num_hidden_layers=work["layers"],
        hidden_size=work["hidden_size"],
        num_attention_heads=work["heads"],
        intermediate_size=4 * work["hidden_size"],
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        attn_implementation=work.get("attention", "sdpa"),
    )


def masked(rows: list[dict[str, torch.Tensor]], vocab_size: int) -> dict[str, torch.Tensor]:
    """Hide 15 % of the tokens as its DataCollatorForLanguageModeling does, without its calls to a tokenizer."""
    tokens = torch.stack([row["input_ids"] for row in rows])
    labels = tokens.clone()
    chosen = torch.rand(tokens.shape) < 0.15
    labels[~chosen] = -100
    how = torch.rand(tokens.shape)
    tokens = torch.where(chosen & (how < 0.8), vocab_size - 1, tokens)
    tokens = torch.where(chosen & (how >= 0.9), torch.randint(vocab_size, tokens.shape), tokens)
    return {"input_ids": tokens, "labels": labels, "attention_mask": torch.ones_like(tokens)}


class Texts(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """Token lists of their own lengths, with labels."""

    def __init__(self, work: dict[str, Any]) -> None:
        stored = np.load(work["tokens"])
        self.tokens = np.split(stored["tokens"], np.cumsum(stored["lengths"])[:-1])
        self.labels = stored["labels"]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"input_ids": self.tokens[index].tolist(), "label": int(self.labels[index])}


def padded(rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """Pad to the longest text of the batch, as its DataCollatorWithPadding does."""
    longest = max(len(row["input_ids"]) for row in rows)
    tokens = torch.zeros(len(rows), longest, dtype=torch.long)
    mask = torch.zeros_like(tokens)
    for number, row in enumerate(rows):
        tokens[number, : len(row["input_ids"])] = torch.tensor(row["input_ids"])
        mask[number, : len(row["input_ids"])] = 1
    labels = torch.tensor([row["label"] for row in rows])
    return {"input_ids": tokens, "attention_mask": mask, "labels": labels}


def parts(work: dict[str, Any]) -> tuple[PreTrainedModel, Any, Any]:
    """Give model, rows and what puts rows together."""
    objective = work["objective"]
    if objective == "classification":
        return BertForSequenceClassification(bert(work)), Texts(work), padded
    # GPT-2 shifts the labels itself: rows of `length` tokens, so that the model sees as many as everybody's.
    rows = Rows(rows_of(work)[:, : work["length"]])
    if objective == "masked_lm":
        return BertForMaskedLM(bert(work)), rows, lambda given: masked(given, work["vocab_size"])
    return gpt(work), rows, None


def main() -> None:
    work, steps = the_work(), Steps()
    torch.manual_seed(work.get("seed", 1))
    model, rows, together = parts(work)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            use_cpu=True,
            bf16=work.get("bf16", False),
            per_device_train_batch_size=work["rows"],
            max_steps=work["steps"],
            learning_rate=1e-3,
            weight_decay=0.1,
            lr_scheduler_type="constant",
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            seed=work.get("seed", 1),
            train_sampling_strategy=work.get("sampling", "random"),
            **({"optim": work["optim"]} if "optim" in work else {}),
        )
        # Counted where the model is called, for batches are put together ahead of it.
        model.register_forward_pre_hook(
            lambda _, __, given: steps.tokens.append(int(given.get("attention_mask", given["input_ids"] >= 0).sum())),
            with_kwargs=True,
        )
        trainer = Trainer(model, arguments, train_dataset=rows, data_collator=together, callbacks=[Timed(steps)])
        trainer.train()
    steps.tell()


main()
