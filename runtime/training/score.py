"""Has a stored checkpoint score encoded rows, once for all steps that learn from them."""

from __future__ import annotations

import numpy as np
import torch

from ...plugins.component import Facts, TaskFailed
from ...plugins.shards import Shards, ShardWriter
from ...plugins.tasks import Trained
from ...plugins.values import ArrayOf
from ...plugins.work import ScoringJob, Work
from .build import stored_network
from .device import choose_device, torch_settings
from .loader import Reader, tensors, to_device
from .measure import alike
from .memory import told_if_memory_runs_out
from .order import key
from .precision import autocast, choose_precision


def score(job: ScoringJob, work: Work) -> Facts:
    """Write the scores of all rows of a job into the work's directory, split by split."""
    device = choose_device(work.settings.get("device"))
    dtype = choose_precision(work.settings.get("precision"), device)
    names = job.objective.scores
    with torch_settings(work.settings), told_if_memory_runs_out(job.batch):
        given, tokens = work.input(job.checkpoint), work.input(job.tokens)
        assert isinstance(job.checkpoint.task, Trained), "only such tasks put out checkpoints"
        adapter = job.checkpoint.task.described_adapter()
        network, stored = stored_network(job.model, job.trained, given.directory / given.output, adapter)
        if network is None:
            values = {"objective": job.objective.name, "given": stored.facts.get("objective")}
            raise TaskFailed("L0806", values, field="objective", help="L0806.help")
        network.to(device).eval()
        splits = {split: Shards(tokens.directory, split) for split in tokens.facts["splits"]}
        total, done = sum(map(len, splits.values())), 0
        described = {name: ArrayOf("float32") for name in names}
        with ShardWriter(work.directory, described, tokens.facts["vocab_size"]) as writer, torch.no_grad():
            for split, shards in splits.items():
                writer.split(split)
                reader = Reader(shards, job.objective, tokens.facts)
                found = {name: np.zeros(len(shards), dtype=np.float32) for name in names}
                for rows in alike(reader, job.batch):
                    batch = reader.prepared(rows, key(0, "score", int(rows[0])))
                    [part] = tensors(batch, [slice(None)])
                    with autocast(device, dtype):
                        scores = job.objective.score(network, to_device(part, device))
                    for name in names:
                        found[name][rows] = scores[name].float().cpu().numpy()
                    done += len(rows)
                    work.progress(done, total)
                for row in range(len(shards)):
                    writer.add({name: found[name][row] for name in names})
    return {"rows": total}
