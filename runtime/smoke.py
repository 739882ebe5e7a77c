"""What trains and writes in a smoke run, with little of everything."""

from __future__ import annotations

from typing import Any

from ..dsl.quantities import Quantity
from ..dsl.record import replace
from ..plugins.component import Facts
from ..plugins.rows import rows_per_step, tokens_per_row, training_split
from ..plugins.smoke import Smoke
from ..plugins.values import Decoding
from ..plugins.work import Job


def small_job(job: Job, facts: Facts, smoke: Smoke) -> Job:
    """Give a training job with a few steps of a few rows; `facts` are those of its tokens."""
    smoke.cut()
    split = training_split(facts["splits"])
    rows = rows_per_step(job.batch, tokens_per_row(facts, split), facts["splits"][split]["rows"])
    return replace(
        job,
        batch=Quantity(min(rows, smoke.batch), "examples"),
        budget=(*job.budget, Quantity(smoke.steps, "steps")),
        validate=Quantity(max(smoke.steps // 2, 1), "steps"),
        save=Quantity(max(smoke.steps // 2, 1), "steps"),
        compile=False,  # it takes longer than all the rest
    )


def small_decoding(decoding: Decoding, smoke: Smoke) -> Any:
    """Give a decoding that writes a few tokens."""
    smoke.cut()
    return decoding.model_copy(update={"max_tokens": min(decoding.max_tokens, smoke.written)})
