"""A loop written by hand for this machine: fused AdamW, no needless synchronisation, freed memory kept, bf16 on request.

python bench/peers/hand.py WORK.json '{"precision": "bf16"}'
"""

from __future__ import annotations

import numpy as np
import torch
from common import Steps, rows_of, the_work
from gpt import GPT


def main() -> None:
    work, steps = the_work(), Steps()
    rows = rows_of(work)
    torch.manual_seed(1)
    random = np.random.default_rng(1)
    model = GPT(work["vocab_size"], work["length"], work["layers"], work["hidden_size"], work["heads"])
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95), fused=True)
    for _ in range(work["steps"]):
        batch = torch.from_numpy(rows[random.integers(0, len(rows), work["rows"])])
        with torch.autocast("cpu", torch.bfloat16, enabled=work.get("precision") == "bf16"):
            loss = model(batch[:, :-1], batch[:, 1:])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        steps.done(loss.item())
    steps.tell()


main()
