"""Writes text with a network and its tokenizer: a stored checkpoint's, or one that is being trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ...dsl.program import Reference
from ...plugins.builtin.tokens import open_tokenizer
from ...plugins.component import Facts, TaskFailed
from ...plugins.models import Shape
from ...plugins.nn.network import Network
from ...plugins.tasks import Trained
from ...plugins.values import Decoding
from ...plugins.work import Interrupted, Work
from ...plugins.writing import Writing
from .beams import BeamWriter
from .build import stored_network
from .continuation import Continuation
from .device import choose_device, torch_settings
from .memory import told_if_memory_runs_out
from .order import key
from .precision import choose_precision
from .writer import Row, Writer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PROMPTS = 32
"""Texts that are written at once."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written behind a prompt, and why it ended: end, stop or length."""

    text: str
    tokens: int
    ended: str
    score: float | None = None
    """What a beam search compared texts by."""


Hear = Callable[[int, str, Written | None], None]
"""Hears what is written while it is: a prompt's number, a piece of its text, and with the last piece the whole."""


def generate(
    checkpoint: Reference, prompts: Sequence[str], decoding: Decoding, work: Work, hear: Hear | None = None
) -> list[str]:
    """Give the continuation of each prompt, without the prompt."""
    done = 0

    def listen(index: int, piece: str, written: Written | None) -> None:
        nonlocal done
        if hear is not None:
            hear(index, piece, written)
        if written is not None:
            done += 1
            work.progress(done, len(prompts))
        if work.stopping():
            raise Interrupted

    with opened(checkpoint, work) as author:
        return [written.text for written in author.write(prompts, decoding, listen)]


@contextmanager
def opened(checkpoint: Reference, work: Work) -> Iterator[Author]:
    """Open a stored checkpoint for writing; TaskFailed if it is none that writes."""
    task = checkpoint.task
    assert isinstance(task, Trained), "only such tasks put out checkpoints"
    model, objective = task.described_model(), task.described_objective()
    if objective is None or objective.writes is None:
        name = objective.name if objective is not None else None
        raise TaskFailed("L0808", {"objective": name}, field="checkpoint", help="L0808.help")
    device = choose_device(work.settings.get("device"))
    with torch_settings(work.settings), told_if_memory_runs_out(PROMPTS):
        given = work.input(checkpoint)
        folder = given.directory / given.output
        network, stored = stored_network(model, objective, folder, task.described_adapter())
        if network is None or network.head is None:
            raise TaskFailed("L0808", {"objective": objective.name}, field="checkpoint", help="L0808.help")
        yield Author(
            network.to(device).eval(),
            objective.writes,
            open_tokenizer(folder),
            stored.facts,
            model.shape,
            device,
            choose_precision(work.settings.get("precision"), device),
            work.settings.get("seed") or 0,
        )


@dataclass(frozen=True)
class Author:
    """A network that writes, with what it takes to read and write text."""

    network: Network
    writing: Writing
    tokenizer: Tokenizer
    facts: Facts
    shape: Shape
    device: torch.device
    dtype: torch.dtype
    seed: int

    def write(self, prompts: Sequence[str], decoding: Decoding, hear: Hear | None = None) -> list[Written]:
        """Continue prompts, many at once; the same prompt a second time is continued by other random numbers."""
        begin, tokenizer = self.writing.begin, self.tokenizer
        openings = [begin(prompt, tokenizer, self.facts, self.shape) for prompt in prompts]
        if not all(opening.tokens for opening in openings):
            raise TaskFailed("L0809", {}, field="prompts", help="L0809.help")
        seed = decoding.own_seed()
        seed = self.seed if seed is None else seed
        times: Counter[str] = Counter()
        rows = []
        for prompt, opening in zip(prompts, openings, strict=True):
            random = np.random.Philox(key=key(seed, "generate", prompt, times[prompt]))
            rows.append(Row.opened(opening, np.random.Generator(random)))
            times[prompt] += 1
        written: list[Written] = []
        beams = decoding.beams()
        kind = Writer if beams is None else BeamWriter
        writer = kind(self.network, decoding, self.facts["roles"], self.shape.context_length, self.device, self.dtype)
        at_once = PROMPTS if beams is None else max(PROMPTS // beams.width, 1)
        for first in range(0, len(rows), at_once):
            written += self._batch(writer, rows[first : first + at_once], first, hear)
        return written

    def _batch(self, writer: Writer, rows: Sequence[Row], first: int, hear: Hear | None) -> list[Written]:
        """Continue the prompts of some rows; `first` is the number of the first one."""
        stop = writer.decoding.stop
        texts = {row: (index, Continuation(self.tokenizer, row.tokens, stop)) for index, row in enumerate(rows, first)}
        finished: dict[int, Written] = {}

        def listen(row: Row, token: int | None) -> None:
            index, text = texts[row]
            if token is not None:
                piece = text.add(token)
                if text.stopped:
                    row.ended = "stop"
            else:
                piece = text.close()
                assert row.ended is not None
                finished[index] = Written(text.text, row.written, row.ended, row.score)
            if hear is not None and (piece or token is None):
                hear(index, piece, finished.get(index))

        writer.write(rows, listen)
        return [finished[index] for index in sorted(finished)]
