"""The device of a job."""

from __future__ import annotations

import torch
from llx.runtime.training.device import seed_device


def test_seeding_gives_the_same_numbers_and_keeps_nothing() -> None:
    device = torch.device("cpu")
    torch.manual_seed(5)
    wanted = torch.rand(3)
    waiting = len(torch.cuda._queued_calls)
    seed_device(5, device)
    assert torch.equal(torch.rand(3), wanted)
    assert len(torch.cuda._queued_calls) == waiting
