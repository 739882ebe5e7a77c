"""Writes text with a stored checkpoint, token by token, for many prompts at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from ...dsl.program import Reference
from ...plugins.builtin.tokens import open_tokenizer
from ...plugins.component import TaskFailed
from ...plugins.nn.network import Network
from ...plugins.tasks import Trained
from ...plugins.values import Decoding
from ...plugins.work import Work
from .build import Stored, build, load_body, load_head
from .device import choose_device, torch_settings
from .memory import told_if_memory_runs_out
from .order import key
from .precision import autocast, choose_precision

_PROMPTS = 32
"""Prompts that are continued at once."""


def generate(checkpoint: Reference, prompts: Sequence[str], decoding: Decoding, work: Work) -> list[str]:
    """Give the continuation of each prompt, without the prompt. A text ends at the end token or at `max_tokens`."""
    task = checkpoint.task
    assert isinstance(task, Trained), "only such tasks put out checkpoints"
    model, objective = task.described_model(), task.described_objective()
    if objective is None:
        raise TaskFailed("L0808", {"objective": None}, field="checkpoint", help="L0808.help")
    device = choose_device(work.settings.get("device"))
    dtype = choose_precision(work.settings.get("precision"), device)
    with torch_settings(work.settings), told_if_memory_runs_out(_PROMPTS):
        given = work.input(checkpoint)
        folder = given.directory / given.output
        stored = Stored.open(folder)
        network = build(model, objective, stored.facts, 0)
        load_body(network, stored)
        if network.head is None or load_head(network, stored, objective, stored.facts) == "fresh":
            raise TaskFailed("L0808", {"objective": objective.name}, field="checkpoint", help="L0808.help")
        network.to(device).eval()
        tokenizer = open_tokenizer(folder)
        roles: Mapping[str, int] = stored.facts["roles"]
        start = [roles["end"]] if "end" in roles else []
        starts = [start + tokenizer.encode(prompt, add_special_tokens=False).ids for prompt in prompts]
        if not all(starts):
            raise TaskFailed("L0809", {}, field="prompts", help="L0809.help")
        writer = Writer(network, decoding, roles, model.shape.context_length, device, dtype)
        generator = torch.Generator(device).manual_seed(key(work.settings.get("seed") or 0, "generate"))
        texts: list[str] = []
        for first in range(0, len(starts), _PROMPTS):
            written = writer.continued(starts[first : first + _PROMPTS], generator)
            texts += [tokenizer.decode(ids, skip_special_tokens=True) for ids in written]
            work.progress(len(texts), len(starts))
        return texts


class Writer:
    """Continues rows of tokens."""

    def __init__(
        self,
        network: Network,
        decoding: Decoding,
        roles: Mapping[str, int],
        context_length: int,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self.network, self.decoding, self.context_length = network, decoding, context_length
        self.device, self.dtype = device, dtype
        self.end = roles.get("end", -1)
        self.never = [roles[role] for role in ("mask", "pad") if role in roles and roles[role] != self.end]
        """Tokens that are no text."""

    @torch.no_grad()
    def continued(self, starts: Sequence[Sequence[int]], generator: torch.Generator) -> list[list[int]]:
        """Give the tokens that follow each start, the end token not among them."""
        written: list[list[int]] = [[] for _ in starts]
        open_rows = set(range(len(starts)))
        for _ in range(self.decoding.max_tokens):
            # Closed rows are computed on: rows stay where they are, and so does what the generator draws for them.
            windows = [[*start, *more][-self.context_length :] for start, more in zip(starts, written, strict=True)]
            chosen = self.decoding.choose(self._logits(windows), generator).tolist()
            for row in sorted(open_rows):
                if chosen[row] == self.end:
                    open_rows.discard(row)
                else:
                    written[row].append(chosen[row])
            if not open_rows:
                break
        return written

    def _logits(self, windows: Sequence[Sequence[int]]) -> torch.Tensor:
        """Give the logits of the token after each window: (B, V)."""
        lengths = [len(window) for window in windows]
        longest = max(lengths)
        tokens = torch.tensor([[*window, *[0] * (longest - len(window))] for window in windows], device=self.device)
        batch = {"tokens": tokens}
        ends = torch.tensor(lengths, device=self.device)
        if min(lengths) < longest:
            # Padding stands behind the text, where a causal body doesn't look.
            batch["segments"] = (torch.arange(longest, device=self.device) < ends[:, None]).long()
        with autocast(self.device, self.dtype):
            hidden = self.network.hidden(batch)  # (B, L, H)
            assert self.network.head is not None
            last = hidden[torch.arange(len(windows), device=self.device), ends - 1]
            logits: torch.Tensor = self.network.head(last).float()
        logits[:, self.never] = -torch.inf
        return logits
