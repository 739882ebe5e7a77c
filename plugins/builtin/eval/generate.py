"""The eval `generate`: texts that a checkpoint writes, for people to read."""

from __future__ import annotations

from typing import ClassVar

from ...api import Artifact, CheckpointOf, Decoding, Evaluation, Facts, Field, Place, Reference, Trained, Work
from ..decoding.sample import Sample


class Generate(Evaluation):
    """Write texts with a checkpoint, one for each prompt."""

    name: ClassVar[str] = "generate"
    example: ClassVar[str] = 'generate(pretrain.best, prompts = ["It was"], decoding = greedy)'
    positional: ClassVar[tuple[str, ...]] = ("checkpoint",)
    settings: ClassVar[tuple[str, ...]] = ("seed", "precision", "deterministic")

    checkpoint: CheckpointOf = Field(description="The checkpoint that writes")
    prompts: list[str] = Field([""], min_length=1, description="How the texts begin")
    decoding: Decoding = Field(default_factory=Sample, description="How tokens are chosen")

    def outputs(self) -> dict[str, Artifact]:
        return {"samples": Artifact("samples")}

    def check(self, place: Place) -> None:
        check_writes(place, self.checkpoint)

    def run(self, work: Work) -> Facts:
        texts = work.generate(self.checkpoint, self.prompts, self.decoding)
        assert isinstance(self.checkpoint.task, Trained), "only such tasks put out checkpoints"
        objective = self.checkpoint.task.described_objective()
        writes = objective.writes if objective is not None else None
        samples = []
        for prompt, text in zip(self.prompts, texts, strict=True):
            shown = writes.shown(prompt) if writes is not None else prompt
            # Where the text doesn't go on with its prompt, it is shown apart from it.
            samples.append({"prompt": prompt, "text": text} | ({} if shown == prompt else {"shown": shown}))
        return {"samples": samples}


def check_writes(place: Place, checkpoint: Reference) -> None:
    """Report a checkpoint that can write no text: its model sees both ways, or it learned something else."""
    assert isinstance(checkpoint.task, Trained), "only such tasks put out checkpoints"
    model = checkpoint.task.described_model()
    if model.attention == "bidirectional":
        place.error("checkpoint", "L0554", {"model": model.name, "attention": model.attention}, help="L0554.help")
    objective = checkpoint.task.described_objective()
    if objective is not None and objective.writes is None:
        place.error("checkpoint", "L0555", {"objective": objective.name}, help="L0555.help")
