"""The export `safetensors`: weights, configuration and tokenizer in one folder."""

from __future__ import annotations

import json
import shutil
from typing import ClassVar

from ...api import CheckpointOf, Export, Facts, Field, Target, Trained, Work, neutral
from ...canonical import describe

FORMAT = 1


class Safetensors(Export):
    """Write a checkpoint as `model.safetensors`, `config.json` and `tokenizer.json`.

    Nothing in the folder runs code when it is read. An adapter is merged into the weights, or lies among them.
    """

    name: ClassVar[str] = "safetensors"
    example: ClassVar[str] = 'safetensors(pretrain.best, to = "out/pretrain")'
    positional: ClassVar[tuple[str, ...]] = ("checkpoint",)

    checkpoint: CheckpointOf = Field(description="The checkpoint to write")
    to: Target = neutral(description="The folder to write into")

    def run(self, work: Work) -> Facts:
        from ...nn.hub import write_shard
        from ...nn.stored import plain_weights

        assert isinstance(self.checkpoint.task, Trained), "only such tasks put out checkpoints"
        source = work.input(self.checkpoint)
        folder = source.directory / source.output
        shutil.copyfile(folder / "tokenizer.json", work.directory / "tokenizer.json")
        adapter = self.checkpoint.task.described_adapter()
        if adapter is None:
            shutil.copyfile(folder / "model.safetensors", work.directory / "model.safetensors")
        else:
            # In one file: a part that can't be merged lies among the others by its names.
            write_shard(work.directory / "model.safetensors", plain_weights(folder, adapter))
        objective = self.checkpoint.task.described_objective()
        facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        config = {
            "format": FORMAT,
            "model": describe(self.checkpoint.task.described_model()),
            "objective": describe(objective) if objective else None,
            **({"adapter": describe(adapter)} if adapter is not None and not adapter.merges else {}),
            **{name: facts[name] for name in ("vocab_size", "roles", "labels") if name in facts},
        }
        text = json.dumps(config, ensure_ascii=False, indent=1) + "\n"
        (work.directory / "config.json").write_text(text, encoding="utf-8")
        return {"files": sorted(path.name for path in work.directory.iterdir())}
