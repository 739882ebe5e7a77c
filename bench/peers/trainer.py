"""The Hugging Face Trainer, by its defaults or with flags.

python bench/peers/trainer.py WORK.json '{"bf16": true, "attention": "eager"}'
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

import torch
from common import Steps, rows_of, the_work
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
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


def main() -> None:
    work, steps = the_work(), Steps()
    torch.manual_seed(1)
    config = GPT2Config(
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
    # It shifts the labels itself: rows of `length` tokens, so that the model sees as many as everybody's.
    rows = rows_of(work)[:, :-1]
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
            **({"optim": work["optim"]} if "optim" in work else {}),
        )
        trainer = Trainer(GPT2LMHeadModel(config), arguments, train_dataset=Rows(rows), callbacks=[Timed(steps)])
        trainer.train()
    steps.tell()


main()
