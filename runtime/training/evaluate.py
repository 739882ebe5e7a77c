"""Measures a stored checkpoint on encoded rows."""

from __future__ import annotations

from ...plugins.builtin.tokens import open_tokenizer
from ...plugins.component import TaskFailed
from ...plugins.shards import Shards
from ...plugins.tables import stored_records
from ...plugins.tasks import Trained
from ...plugins.work import EvaluationJob, Outcome, Work
from .answers import answers, are_needed, records_of
from .build import stored_network
from .device import choose_device, torch_settings
from .generate import Author
from .learner import Learner
from .loader import Reader
from .measure import measure, split_facts
from .memory import told_if_memory_runs_out
from .precision import choose_precision
from .setup import with_scores

SPLIT = "rows"


def evaluate(job: EvaluationJob, work: Work) -> Outcome:
    """Give what the metrics of a job are computed of; TaskFailed if the checkpoint doesn't fit the job."""
    device = choose_device(work.settings.get("device"))
    dtype = choose_precision(work.settings.get("precision"), device)
    with torch_settings(work.settings), told_if_memory_runs_out(job.batch):
        given = work.input(job.checkpoint)
        assert isinstance(job.checkpoint.task, Trained), "only such tasks put out checkpoints"
        adapter = job.checkpoint.task.described_adapter()
        network, stored = stored_network(job.model, job.objective, given.directory / given.output, adapter)
        if network is None:
            values = {"objective": job.objective.name, "given": stored.facts.get("objective")}
            raise TaskFailed("L0806", values, field="objective", help="L0806.help")
        network.to(device)
        tokens = work.input(job.tokens)
        shards = with_scores(Shards(tokens.directory, SPLIT), job.scores, work)
        if not len(shards):
            raise TaskFailed("L0807", {"split": SPLIT}, field="data", help="L0807.help")
        facts = split_facts(tokens.facts, SPLIT, stored.facts)
        reader = Reader(shards, job.objective, facts, records=stored_records(work.input(job.data), job.data))
        outcome = measure(
            Learner(network, job.objective),
            reader,
            job.batch,
            device,
            dtype,
            predict=True,
            targets=True,
            by_row=True,
            between=lambda rows: work.progress(rows, len(shards)),
        )
        writes = job.objective.writes
        if are_needed(job.metrics) and job.decoding is not None and writes is not None:
            author = Author(
                network.eval(),
                writes,
                open_tokenizer(given.directory / given.output),
                stored.facts,
                job.model.shape,
                device,
                dtype,
                work.settings.get("seed") or 0,
            )
            outcome.records = answers(
                author, records_of(reader), job.decoding, lambda done: work.progress(done, len(shards))
            )
        return outcome
