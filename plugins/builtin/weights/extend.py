"""The weights `extend`: a checkpoint with more tokens than it was trained with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ...api import (
    Artifact,
    CheckpointOf,
    Facts,
    Field,
    Model,
    Objective,
    Place,
    Reference,
    Task,
    Text,
    TokenizerOf,
    Trained,
    WeightsTask,
    Work,
)
from ...baddata import BadData
from ..tokenizer.added import Addition, add, learned_tokens
from ..tokenizer.roles import store
from .foreign import CHECKPOINT

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_SHOWN = 8
"""Tokens in a note."""


class Extend(WeightsTask):
    """Add tokens to the vocabulary of a checkpoint, each beginning as the mean of its pieces.

    What the tokenizer made of a new token before, are its pieces: the mean of their embeddings is its embedding, and the
    mean of their rows in the projection to the vocabulary is its row there (Hewitt 2021, "Initializing New Word Embeddings
    for Pretrained Language Models"). `tokens` lists them; or those of another `tokenizer`, such as one learned from texts of
    another language, are taken: each that this one parts into several. Words are found whole, in scripts that put spaces
    between them. Train on it with `finetune(from = …)`.
    """

    name: ClassVar[str] = "extend"
    example: ClassVar[str] = 'extend(pretrain.best, tokens = ["<question>", "<answer>"])'
    positional: ClassVar[tuple[str, ...]] = ("from",)

    from_: CheckpointOf = Field(description="The checkpoint")
    tokens: list[str] = Field(default_factory=list, description="The tokens to add")
    tokenizer: TokenizerOf | None = Field(None, description="A tokenizer whose tokens are added where they are missing")

    @property
    def source(self) -> Trained:
        assert isinstance(self.from_.task, Trained), "only such tasks put out checkpoints"
        return self.from_.task

    def outputs(self) -> dict[str, Artifact]:
        tokenizer = {"tokenizer": Artifact("tokenizer"), "vocab_size": Artifact("number")}
        return {CHECKPOINT: Artifact("checkpoint"), **tokenizer}

    def check(self, place: Place) -> None:
        if bool(self.tokens) == (self.tokenizer is not None):
            place.error("tokens" if self.tokens else None, "L0745", {}, help="L0745.help")
        for number, token in enumerate(self.tokens):
            if not token.strip():
                values = {"token": token, "reason": Text("extend.empty")}
                place.error("tokens", "L0746", values, help="L0746.help", index=number)

    def described_model(self) -> Model:
        return self.source.described_model()

    def described_tokenizer(self) -> Reference:
        return self.output("tokenizer")

    def described_objective(self) -> Objective | None:
        return self.source.described_objective()

    def training_tokens(self) -> Task | None:
        return self.source.training_tokens()

    def run(self, work: Work) -> Facts:
        from safetensors.torch import load_file, save_file
        from tokenizers import Tokenizer

        from ...nn.extend import extended

        given = work.input(self.from_)
        source = given.directory / given.output
        facts: Facts = json.loads((source / "facts.json").read_text(encoding="utf-8"))
        tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
        added = self._added(tokenizer, work)
        size = max(facts["vocab_size"], *(one.number + 1 for one in added))
        weights = load_file(source / "model.safetensors")
        pieces = {one.number: one.pieces for one in added}
        wider = extended(weights, self.described_model(), self.described_objective(), facts, size, pieces)
        folder = work.directory / CHECKPOINT
        folder.mkdir()
        save_file(wider, folder / "model.safetensors")
        for place in (folder, work.directory):
            store(tokenizer, facts["roles"], place)
        facts |= {"vocab_size": size}
        (folder / "facts.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
        told = {name: facts[name] for name in ("vocab_size", "roles", "chat_template") if name in facts}
        return told | {"added": len(added)}

    def _added(self, tokenizer: Tokenizer, work: Work) -> list[Addition]:
        """Add the tokens to the tokenizer, and say which."""
        wanted = self.tokens
        if self.tokenizer is not None:
            other = work.input(self.tokenizer)
            wanted = learned_tokens(Path(other.directory), set(other.facts["roles"].values()))
        try:
            added, known = add(tokenizer, wanted, whole=bool(self.tokens))
            if not added:
                field = "tokens" if self.tokens else "tokenizer"
                raise BadData("L0747", {"count": len(wanted)}, field=field)
        except BadData as bad:
            raise bad.failure(self) from None
        log = work.progress.log
        if self.tokens and known:
            log("extend.known", count=len(known), names=known[:_SHOWN])
        log("extend.added", count=len(added), names=[one.token for one in added[:_SHOWN]])
        if unknown := [one.token for one in added if one.unknown]:
            log("extend.unknown", count=len(unknown), names=unknown[:_SHOWN])
        return added
