"""A project that is small enough to be trained in a second, and the services that a stage is handed.

Run as a script with a folder it trains the job of `small_job` there, for the tests that kill it.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
from llx.dsl.program import Reference
from llx.dsl.quantities import Quantity
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.classification import Classification
from llx.plugins.builtin.optimizer.adamw import AdamW
from llx.plugins.builtin.optimizer.muon import Muon
from llx.plugins.builtin.schedule.cosine import Cosine
from llx.plugins.builtin.tokens import Tokens
from llx.plugins.models import Model
from llx.plugins.tasks import DataTask, TokenizerTask, Trained
from llx.plugins.values import Objective
from llx.plugins.work import Input, Job
from llx.runtime.training import checkpoint, train
from llx.runtime.training.team import Team
from pydantic import Field
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

WORDS = ["red", "green", "blue", "sun", "moon", "sea", "cat", "dog", "bird", "runs", "sings", "sleeps"]
ROLES = {"end": 0, "mask": 1, "pad": 2}


class SmallData(DataTask):
    """Rows that a test wrote."""

    name: ClassVar[str] = "small_data"
    has: list[str]
    parts: list[str] = Field([])

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.has)

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.parts)


class SmallTokenizer(TokenizerTask):
    """A tokenizer of single characters."""

    name: ClassVar[str] = "small_tokenizer"


class SmallStage(Trained):
    """A stage that a test trained."""

    kind: ClassVar[str] = "stage"
    name: ClassVar[str] = "small_stage"
    model: Model
    objective: Objective
    tokenizer: Reference

    def outputs(self) -> dict[str, Any]:
        from llx.dsl.types import Artifact

        return {"best": Artifact("checkpoint"), "last": Artifact("checkpoint")}

    def described_model(self) -> Model:
        return self.model

    def described_tokenizer(self) -> Reference:
        return self.tokenizer

    def described_objective(self) -> Objective:
        return self.objective


class Log:
    """Notes what a task reports."""

    def __init__(self) -> None:
        self.notes: list[tuple[str, dict[str, object]]] = []

    def __call__(self, done: float, total: float | None = None, **figures: float) -> None:
        assert total is None or 0 <= done <= total

    def log(self, message: str, **values: object) -> None:
        self.notes.append((message, values))

    def said(self) -> list[str]:
        return [key for key, _ in self.notes]


class SmallWork:
    """The services of a task, in one folder; artifacts are those that `store` was told of."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.root = root
        self.fingerprint = "abc"
        self.artifacts: list[tuple[Any, Path, dict[str, Any]]] = []
        self.settings: Mapping[str, Any] = {"seed": 3, "device": "cpu", **settings}
        self.progress = Log()
        self.stop = False
        self.smoke = None
        self.polls = 0
        self.announce = False
        """Whether to print a line after the first step, for those who wait for it to kill."""
        self.stop_after: int | None = None
        self.directory = root / "out"
        self.partial = root / "partial"
        self.fresh()

    def fresh(self, name: str = "out") -> None:
        """Give the task a fresh folder, as the executor does for every attempt."""
        self.directory = self.root / name
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        self.partial.mkdir(exist_ok=True)

    def store(self, task: Any, folder: Path, facts: dict[str, Any]) -> None:
        self.artifacts.append((task, folder, facts))

    def input(self, reference: Any) -> Input:
        task = reference.task if isinstance(reference, Reference) else reference
        output = reference.output if isinstance(reference, Reference) else ""
        for stored, folder, facts in self.artifacts:
            if stored is task:
                return Input(folder, output, facts, task)
        raise KeyError(task)

    def random(self, name: str) -> np.random.Generator:
        return np.random.default_rng(0)

    def stopping(self) -> bool:
        self.polls += 1
        if self.polls == 1 and self.announce:
            print("training", flush=True)
        return self.stop or (self.stop_after is not None and self.polls >= self.stop_after)


def sentences(count: int, seed: int = 0) -> list[str]:
    """Make texts in which something can be learned."""
    draw = random.Random(seed)
    return [
        " ".join(draw.choices(WORDS[:6], k=2) + draw.choices(WORDS[6:], k=draw.randint(1, 5))) for _ in range(count)
    ]


def labelled(texts: list[str]) -> list[str]:
    """Label texts by a word in them."""
    return ["animal" if "cat" in text else "thing" for text in texts]


def write_split(folder: Path, split: str, **columns: list[Any]) -> None:
    folder.mkdir(exist_ok=True, parents=True)
    parquet.write_table(pa.table(columns), folder / f"{split}.parquet")


def write_tokenizer(folder: Path) -> dict[str, Any]:
    """Write a tokenizer of single characters; gives its facts."""
    folder.mkdir(exist_ok=True, parents=True)
    alphabet = sorted(set("".join(WORDS)) | set(" <|end>"))
    vocab = {"<|end|>": 0, "<|mask|>": 1, "<|pad|>": 2} | {letter: i + 3 for i, letter in enumerate(alphabet)}
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token="<|pad|>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens(["<|end|>", "<|mask|>", "<|pad|>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    return {"vocab_size": len(vocab), "roles": ROLES}


class Project:
    """Data, tokenizer and work of a test."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.root = root
        self.work = SmallWork(root, **settings)
        self.tokenizer = SmallTokenizer().default()
        self.work.store(self.tokenizer.task, root / "tokenizer", write_tokenizer(root / "tokenizer"))

    def data(self, name: str, splits: Mapping[str, Mapping[str, list[Any]]], **facts: Any) -> Reference:
        """Store data of these splits and columns."""
        for split, columns in splits.items():
            write_split(self.root / name, split, **columns)
        parts = [split for split in splits if split != "rows"]
        task = SmallData(has=list(next(iter(splits.values()))), parts=parts)
        self.work.store(task, self.root / name, facts)
        return task.default()

    def tokens(
        self, name: str, data: Reference, objective: Objective, model: Model, like: Reference | None = None
    ) -> Tokens:
        """Encode data as a stage does."""
        splits = [split for split in data.artifact.splits if split in ("train", "validation")]
        encoding = objective.encoding(model.shape)
        task = Tokens(data=data, tokenizer=self.tokenizer, encoding=encoding, like=like, splits=splits)
        self.work.fresh(name)
        self.work.store(task, self.root / name, task.run(self.work))
        self.work.fresh()
        return task

    def job(self, tokens: Tokens, objective: Objective, model: Model, **changed: Any) -> Job:
        given: dict[str, Any] = {
            "optimizer": AdamW(lr=0.003),
            "schedule": Cosine(warmup=Quantity(3, "steps")),
            "batch": Quantity(16, "examples"),
            "budget": [Quantity(30, "steps")],
            "validate": Quantity(5, "steps"),
        }
        return Job(model=model, objective=objective, tokens=tokens, tokenizer=self.tokenizer, **(given | changed))


def small_model(dropout: float = 0.1) -> Decoder:
    return Decoder(layers=2, hidden_size=32, heads=2, context_length=32, dropout=dropout)


def small_job(root: Path, **changed: Any) -> tuple[Project, Job]:
    """Make a language-modelling job with dropout."""
    project, model, objective = Project(root), small_model(), CausalLM()
    texts = sentences(300)
    data = project.data("data", {"train": {"text": texts[:250]}, "validation": {"text": texts[250:]}})
    tokens = project.tokens("tokens", data, objective, model)
    return project, project.job(tokens, objective, model, **changed)


def small_classification(root: Path, **changed: Any) -> tuple[Project, Job]:
    """Make a classification job."""
    project, model, objective = Project(root), small_model(), Classification()
    texts = sentences(300)
    labels = labelled(texts)
    splits = {
        "train": {"text": texts[:250], "label": labels[:250]},
        "validation": {"text": texts[250:], "label": labels[250:]},
    }
    tokens = project.tokens("tokens", project.data("data", splits), objective, model)
    return project, project.job(tokens, objective, model, **changed)


def die_in_save(place: str) -> None:
    """Have the process killed within its third save: after the n-th file of it, or before it gets its name."""
    seen = 0

    def counting(original: Any) -> Any:
        def call(*arguments: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*arguments)

        return call

    owner = Team if place == "write" else checkpoint
    setattr(owner, place, counting(getattr(owner, place)))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    options = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
    make = small_classification if options.get("classification") else small_job
    steps, interval = options.get("steps", 60), options.get("save", 3)
    project, job = make(
        folder,
        budget=[Quantity(steps, "steps")],
        save=Quantity(interval, "steps"),
        patience=options.get("patience"),
        optimizer=(Muon if options.get("muon") else AdamW)(lr=options.get("lr", 0.003)),
        ema=options.get("ema"),
        swa=options.get("swa"),
        token_dropout=options.get("token_dropout", 0.0),
        activation_checkpointing=options.get("recompute", "none"),
    )
    project.work.settings = {**project.work.settings, "precision": options.get("precision")}

    def stop(*_: object) -> None:
        project.work.stop = True

    signal.signal(signal.SIGTERM, stop)
    project.work.announce = True
    if options.get("dies_at"):
        die_in_save(options["dies_at"])
    facts = train(job, project.work, lambda event: None)
    (folder / "facts.json").write_text(json.dumps(facts))
    (folder / "notes.json").write_text(json.dumps(project.work.progress.said()))
