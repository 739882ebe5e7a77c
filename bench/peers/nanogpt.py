"""nanoGPT's way of training: its model from a clone if one is given, and the loop that its README and config describe.

    python bench/peers/nanogpt.py WORK.json '{"clone": "DIR"}'

Without a clone the model is `gpt.py`, which has the same shape and kernels. The loop was written from the description,
not from the source: float32 on the CPU, random windows from an array, AdamW as its authors set it up there (not fused
off CUDA), gradients clipped at 1, the loss looked at every tenth step.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import torch
from common import Steps, rows_of, the_work


def made(work: dict[str, Any]) -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    sizes = {"vocab_size": work["vocab_size"], "block_size": work["length"], "n_layer": work["layers"]}
    if "clone" in work:
        sys.path.insert(0, work["clone"])
        from model import GPT, GPTConfig  # type: ignore[import-not-found]

        model = GPT(GPTConfig(**sizes, n_head=work["heads"], n_embd=work["hidden_size"], dropout=0.0, bias=True))
        return model, model.configure_optimizers(0.1, 1e-3, (0.9, 0.95), "cpu")
    from gpt import GPT as Described  # noqa: N811

    model = Described(work["vocab_size"], work["length"], work["layers"], work["hidden_size"], work["heads"])
    groups = [
        {"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": 0.1},
        {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0},
    ]
    return model, torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95))


def main() -> None:
    work, steps = the_work(), Steps()
    stream = rows_of(work)[:, :-1].reshape(-1)
    torch.manual_seed(1)
    model, optimizer = made(work)
    if work.get("compile"):
        model = torch.compile(model)  # type: ignore[assignment]
    for number in range(work["steps"]):
        starts = torch.randint(len(stream) - work["length"] - 1, (work["rows"],)).tolist()
        windows = [torch.from_numpy(np.array(stream[at : at + work["length"] + 1])) for at in starts]
        inputs, targets = torch.stack([w[:-1] for w in windows]), torch.stack([w[1:] for w in windows])
        given = model(inputs, targets)
        loss = given[1] if isinstance(given, tuple) else given
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        steps.done(loss.item() if number % 10 == 0 else float("nan"))
    steps.tell()


main()
