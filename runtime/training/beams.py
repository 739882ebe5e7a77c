"""Writes by beam search: several texts of each prompt are followed, the likeliest of all that go on from them stay."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import torch

from ...plugins.values import Beams
from .precision import autocast
from .writer import Hear, Read, Row, Writer

Candidate = tuple[float, int, int]
"""A text with one more token: its log-likelihood, the place of the one that it goes on from, the token."""


@dataclass(slots=True)
class Search:
    """What is followed of one prompt: `width` texts, each in its place."""

    row: Row
    """The prompt, which becomes the best text."""
    beams: list[Row]
    scores: list[float]
    """The log-likelihood of each text; minus infinity in a place without one."""
    finished: list[tuple[float, list[int], str]] = field(default_factory=list)
    """The best texts that have ended: what they are compared by, their tokens, why they ended. The best comes first."""
    done: bool = False

    def step(self, candidates: Sequence[Candidate], how: Beams, end: int, most: int) -> Sequence[int]:
        """Go on with the best of the candidates, the likeliest first; give for each place the one that its text came from.

        A text that ends is kept if it is among the `width` likeliest at the moment; twice as many candidates leave as
        many that go on. As in transformers.
        """
        going: list[Candidate] = []
        length = self.beams[0].written + 1
        for rank, (score, place, token) in enumerate(candidates):
            if token == end or length == most:
                if rank < how.width:
                    tokens = self.beams[place].tokens + ([] if token == end else [token])
                    ended = "end" if token == end else "length"
                    self.finished.append((score / length**how.length_penalty, tokens, ended))
            elif len(going) < how.width:
                going.append((score, place, token))
        self.finished = sorted(self.finished, key=lambda text: -text[0])[: how.width]
        if not going:
            self.done = True
        elif len(self.finished) == how.width:
            best = going[0][0] / length**how.length_penalty
            self.done = how.early_stopping or best <= self.finished[-1][0]
        return self._follow(going, how.width)

    def _follow(self, going: Sequence[Candidate], width: int) -> list[int]:
        """Put texts into places: the first that goes on from a text stays in its place, so that little is copied."""
        places: list[Candidate | None] = [None] * width
        moved = []
        for candidate in going:
            if len(self.beams) == width and places[candidate[1]] is None:
                places[candidate[1]] = candidate
            else:
                moved.append(candidate)
        for place, taken in enumerate(places):
            if taken is None and moved:
                places[place] = moved.pop(0)
        before = self.beams
        self.scores = [-math.inf if one is None else one[0] for one in places]
        self.beams = [replace(before[0]) if one is None else _longer(before[one[1]], one[2]) for one in places]
        if self.done:
            for beam in self.beams:
                beam.ended = "end"
        return [0 if one is None else one[1] for one in places]

    def close(self, hear: Hear) -> None:
        """Make the prompt the best text that ended, and tell of its tokens."""
        row, (score, tokens, ended) = self.row, self.finished[0]
        row.score = score
        for token in tokens[len(row.tokens) :]:
            row.tokens.append(token)
            row.written += 1
            hear(row, token)
            if row.ended:
                break
        row.ended = row.ended or ended
        hear(row, None)


def _longer(row: Row, token: int) -> Row:
    return replace(row, tokens=[*row.tokens, token], written=row.written + 1)


class BeamWriter(Writer):
    """Writes with a network by beam search."""

    @torch.no_grad()
    def write(self, rows: Sequence[Row], hear: Hear) -> None:
        """Write the best text of each row; what is heard of one comes at once, when its search has ended."""
        how = self.decoding.beams()
        assert how is not None
        searches = [Search(row, [replace(row)], [0.0]) for row in rows]
        with autocast(self.device, self.dtype):
            read, in_place = self._read([search.beams[0] for search in searches]), False
            while True:
                origins = self._step(read, searches, how, hear)
                going = [search for search in searches if not search.done]
                if not going:
                    return
                if 2 * len(going) <= len(searches):
                    # Searches that have ended stay until they are half of all: to leave them out is to move the others.
                    owner = [search for search in searches for _ in search.beams]
                    origins = [origin for origin, search in zip(origins, owner, strict=True) if not search.done]
                    searches, in_place = going, False
                self._follow(read, searches, origins, in_place)
                if self.takes_cache and read.can_go_on(self.context_length):
                    self._go_on(read)
                else:
                    read = self._read(read.rows)
                in_place = True

    def _step(self, read: Read, searches: Sequence[Search], how: Beams, hear: Hear) -> list[int]:
        """Let each search go on; give for each text that is followed now the row of `read` that it goes on from."""
        origins: list[int] = []
        begin = 0
        for search, candidates in zip(searches, self._candidates(read, searches, how.width), strict=True):
            size = len(search.beams)
            places: Sequence[int] = range(size)
            if not search.done:
                places = search.step(candidates, how, self.end, self.decoding.max_tokens)
                if search.done:
                    search.close(hear)
            origins += [begin + place for place in places]
            begin += size
        return origins

    def _follow(self, read: Read, searches: Sequence[Search], origins: list[int], in_place: bool) -> None:
        """Have texts go on from what others have read; `in_place` if each comes from its own search's."""
        read.rows = [beam for search in searches for beam in search.beams]
        read.starts = [read.starts[origin] for origin in origins]
        if in_place:
            moved = [place for place, origin in enumerate(origins) if place != origin]
            if moved:
                index = torch.tensor([[origins[place] for place in moved], moved], device=self.device)
                read.cache.copy(index[0], into=index[1])
        else:
            kept = torch.tensor(origins, device=self.device)
            read.cache.keep(kept)
            read.beside = {name: array[kept] for name, array in read.beside.items()}

    def _candidates(self, read: Read, searches: Sequence[Search], width: int) -> Iterator[list[Candidate]]:
        """Give for each search the likeliest texts with one more token, twice as many as are followed."""
        assert self.network.head is not None
        logits: torch.Tensor = self.network.head(read.hidden).float()  # (texts, V)
        total = logits.logsumexp(dim=-1, keepdim=True)
        # Behind the sum: what is no text is as likely as it is, and never taken. As in transformers.
        logits[:, self.never] = -torch.inf
        best, tokens = logits.topk(min(2 * width, logits.shape[-1]))
        scores = torch.tensor([score for search in searches for score in search.scores], device=self.device)
        likelihood = (scores[:, None] + (best - total)).view(len(searches), -1)
        values, places = likelihood.topk(min(2 * width, likelihood.shape[-1]))
        chosen = tokens.view(len(searches), -1).gather(1, places)
        for each in zip(values.tolist(), (places // best.shape[-1]).tolist(), chosen.tolist(), strict=True):
            yield [one for one in zip(*each, strict=True) if one[0] > -math.inf]
