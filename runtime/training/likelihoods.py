"""How likely a stored checkpoint finds texts behind a prompt.

N questions at once, P tokens of a prompt, C texts of all of them, T tokens of a text, V vocabulary size.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ...dsl.program import Reference
from ...plugins.nn import MOST_LOGITS
from ...plugins.nn.cache import Cache
from ...plugins.work import Asked, Interrupted, Likelihood, Work
from ...plugins.writing import Opening
from .generate import Author, opened
from .precision import autocast

AT_ONCE = 8
"""Questions whose texts go through the model together."""


def likelihoods(checkpoint: Reference, asked: Sequence[Asked], work: Work) -> list[list[Likelihood]]:
    """Give the log-likelihood of each text of each question, in order.

    A prompt goes through the model once, and its texts behind it. One that is too long loses its beginning.
    """
    found: dict[int, list[Likelihood]] = {}
    with opened(checkpoint, work) as author:
        given = [_encoded(author, one) for one in asked]
        # Prompts of like length together, so that little is padding.
        order = sorted(range(len(given)), key=lambda number: len(given[number].opening.tokens))
        for start in range(0, len(order), AT_ONCE):
            some = order[start : start + AT_ONCE]
            found |= zip(some, _scored(author, [given[number] for number in some]), strict=True)
            work.progress(start + len(some), len(order))
            if work.stopping():
                raise Interrupted
    return [found[number] for number in range(len(asked))]


class _Encoded:
    """A question in tokens."""

    def __init__(self, opening: Opening, texts: list[list[int]], cut: bool) -> None:
        self.opening, self.texts, self.cut = opening, texts, cut


def _encoded(author: Author, asked: Asked) -> _Encoded:
    """Encode a prompt, and its texts as what they add to it.

    Blanks at the end of the prompt are counted to the texts, with which they make tokens. Where a text doesn't go on with
    its prompt (a target of a source, an answer in a conversation) it is encoded for itself.
    """

    def tokens(text: str) -> list[int]:
        ids: list[int] = author.tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    kept = asked.prompt.rstrip()
    blanks = asked.prompt[len(kept) :]
    prompt = tokens(kept)
    opening = author.writing.begin(kept, author.tokenizer, author.facts, author.shape)
    goes_on = not opening.source and list(opening.tokens[len(opening.tokens) - len(prompt) :]) == prompt
    if not goes_on:
        # What is written apart from the prompt begins with no blank.
        texts = [tokens(text.strip()) for text in asked.texts]
    else:
        texts = [tokens(kept + blanks + text)[len(prompt) :] for text in asked.texts]
    # The last token of a text is predicted and not read.
    over = len(opening.tokens) + max(map(len, texts)) - 1 - author.shape.context_length
    cut = goes_on and over > 0
    if cut:
        opening = author.writing.opening(prompt[over:], author.facts["roles"], author.shape)
    return _Encoded(opening, texts, cut)


@torch.no_grad()
def _scored(author: Author, questions: Sequence[_Encoded]) -> list[list[Likelihood]]:
    """Read the prompts of some questions once, padded on the left, and all texts behind them, padded on the right."""
    network, device = author.network, author.device
    with autocast(device, author.dtype):
        texts = [text for question in questions for text in question.texts]
        longest, width = max(len(one.opening.tokens) for one in questions), max(map(len, texts))
        takes_cache = bool(getattr(network.body, "takes_cache", False))
        owner = torch.tensor([n for n, question in enumerate(questions) for _ in question.texts], device=device)
        prompts = [list(question.opening.tokens) for question in questions]
        batch = _stream("", prompts, device, left=True)
        if questions[0].opening.prefix:
            batch["prefix"] = batch["segments"].bool()
        beside = _stream("source_", [list(one.opening.source) for one in questions], device)
        own = "target_" if questions[0].opening.source else ""
        beside = beside if own else {}
        behind = _stream("", [text[:-1] for text in texts], device)
        if takes_cache:
            cache = Cache(longest + width)
            read = network.hidden(_named(own, batch) | beside, cache)[:, -1:][owner]  # (C, 1, H)
            if width > 1:
                cache.keep(owner)
                sources = {name: array[owner] for name, array in beside.items()}
                read = torch.cat((read, network.hidden(_named(own, behind) | sources, cache)), dim=1)
        else:
            whole = {name: torch.cat((batch[name][owner], behind[name]), dim=1) for name in ("tokens", "segments")}
            if "prefix" in batch:
                whole["prefix"] = torch.cat(
                    (batch["prefix"][owner], torch.zeros_like(behind["segments"]).bool()), dim=1
                )
            sources = {name: array[owner] for name, array in beside.items()}
            read = network.hidden(_named(own, whole) | sources)[:, longest - 1 :]
        losses = _losses(author, read, _stream("", texts, device))
    scored = iter(zip(losses, map(len, texts), strict=True))
    return [
        [Likelihood(-loss, size, question.cut) for loss, size in (next(scored) for _ in question.texts)]
        for question in questions
    ]


def _losses(author: Author, hidden: Tensor, wanted: dict[str, Tensor]) -> list[float]:
    """Give the summed cross-entropy (C) of texts (C, T) under the hidden states before each of their tokens (C, T, H)."""
    head = author.network.head
    assert head is not None
    real = wanted["segments"].bool()
    states, targets = hidden[real], wanted["tokens"][real]
    losses = torch.zeros(real.shape, device=hidden.device)
    rows = max(1, MOST_LOGITS // int(head(states[:1]).shape[-1]))
    pieces = zip(states.split(rows), targets.split(rows), strict=True)
    found = [F.cross_entropy(head(some).float(), ids, reduction="none") for some, ids in pieces]
    losses[real] = torch.cat(found)
    sums: list[float] = losses.double().sum(dim=1).tolist()
    return sums


def _stream(name: str, rows: list[list[int]], device: torch.device, left: bool = False) -> dict[str, Tensor]:
    """Make the tokens and segments of a stream."""
    width = max(map(len, rows))
    gaps = [[0] * (width - len(row)) for row in rows]
    tokens = [gap + row if left else row + gap for row, gap in zip(rows, gaps, strict=True)]
    ones = [[1] * len(row) for row in rows]
    segments = [gap + one if left else one + gap for one, gap in zip(ones, gaps, strict=True)]
    return {
        f"{name}tokens": torch.tensor(tokens, device=device),
        f"{name}segments": torch.tensor(segments, device=device),
    }


def _named(own: str, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give the arrays of the stream that is written, by the names that the body has for them."""
    return {f"{own}{name}" if name in ("tokens", "segments") else name: array for name, array in batch.items()}
