"""What weights from elsewhere allow: the tokens that they have embeddings for."""

from __future__ import annotations

from collections.abc import Iterator

from ....dsl.program import Program
from ...component import references
from ...findings import Also, Findings
from ...tasks import TokenizerTask, Trained


def vocabulary_of_weights(program: Program, findings: Findings) -> None:
    """L0586: a tokenizer with more tokens than the weights have embeddings for."""
    known = {
        id(one): size for one in findings.every(Trained) if (size := one.known_vocab_size(program.root)) is not None
    }
    for trained in findings.every(Trained) if known else ():
        tokenizer, sources = trained.described_tokenizer().task, list(_sources(trained))
        if any(source.described_tokenizer().task is tokenizer for source in sources):
            continue  # said at the first of them
        weights = next((one for one in (trained, *sources) if id(one) in known), None)
        tokens = tokenizer.known_vocab_size(program.root) if isinstance(tokenizer, TokenizerTask) else None
        if weights is not None and tokens is not None and tokens > known[id(weights)]:
            values = {"tokenizer": findings.label(tokenizer), "tokens": tokens}
            values |= {"weights": findings.label(weights), "known": known[id(weights)]}
            labels = [Also(tokenizer, None, "weights.tokenizer")]
            findings.error(trained, "tokenizer", "L0586", values, labels=labels)


def _sources(trained: Trained) -> Iterator[Trained]:
    """Give the tasks whose checkpoints a task starts from, however far back."""
    waiting: list[Trained] = [trained]
    for current in waiting:
        for reference in references(current):
            if reference.artifact.name == "checkpoint" and isinstance(reference.task, Trained):
                waiting.append(reference.task)
                yield reference.task
