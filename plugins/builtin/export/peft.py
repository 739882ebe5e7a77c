"""The export `peft`: an adapter alone, for the library of that name."""

from __future__ import annotations

import json
import math
from typing import Any, ClassVar

from ...api import CheckpointOf, Export, Facts, Field, Place, Target, TaskFailed, Trained, Work, neutral
from ...hub.families import for_model
from ..adapter.dora import Dora
from ..adapter.lora import Lora
from .huggingface import check_family, head_of


class Peft(Export):
    """Write the adapter of a checkpoint, and a head that was trained with it, as the library peft reads them.

    The folder has `adapter_model.safetensors` and `adapter_config.json`. They go onto the base that transformers has: the
    checkpoint that the stage started from, written by `huggingface`. Queries, keys and values, which share an adapter here,
    have one each there.
    """

    name: ClassVar[str] = "peft"
    example: ClassVar[str] = (
        "peft(finetune { from = pretrain.best, data = reviews, objective = classification, budget = 3 epochs, adapter = lora },"
        ' to = "out/topics", base = "out/base")'
    )
    positional: ClassVar[tuple[str, ...]] = ("checkpoint",)

    checkpoint: CheckpointOf = Field(description="The checkpoint whose adapter is written")
    to: Target = neutral(description="The folder to write into")
    base: str | None = Field(None, description="What peft is to call the base: a folder, or a name on the hub")

    @property
    def trained(self) -> Trained:
        assert isinstance(self.checkpoint.task, Trained), "only such tasks put out checkpoints"
        return self.checkpoint.task

    def check(self, place: Place) -> None:
        adapter = self.trained.described_adapter()
        if not isinstance(adapter, Lora):
            given = "none" if adapter is None else adapter.name
            place.error("checkpoint", "L0730", {"adapter": given}, help="L0730.help")
        else:
            check_family(place, self.trained)

    def run(self, work: Work) -> Facts:
        from ...nn.hub import export_weights, write_shard
        from ...nn.peft import head_of as named
        from ...nn.peft import layout
        from ...nn.stored import weights_of

        source = work.input(self.checkpoint)
        folder = source.directory / source.output
        stored = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        model, adapter = self.trained.described_model(), self.trained.described_adapter()
        assert isinstance(adapter, Lora), "checked"
        family, _ = for_model(model)
        head = head_of(self.trained.described_objective(), model)
        tensors = weights_of(folder)
        made = layout(tensors, model, family, bool(head))  # type: ignore[arg-type]
        saved: dict[str, Any] = {}
        if stored.get("trained_head"):
            if head != "classification":
                raise TaskFailed("L0731", {"head": head}, field="checkpoint", help="L0731.help", component=self)
            plain = {name: tensor for name, tensor in tensors.items() if ".adapter." not in name}
            whole = export_weights(plain, model, family, True)  # type: ignore[arg-type]
            saved = {name: tensor for name, tensor in whole.items() if family.is_head(name)}
        write_shard(work.directory / "adapter_model.safetensors", {**made.tensors, **named(saved)})
        config = {
            "peft_type": "LORA",
            "task_type": None,
            "base_model_name_or_path": self.base,
            "inference_mode": True,
            "r": adapter.rank,
            "lora_alpha": adapter.strength,
            "lora_dropout": adapter.dropout,
            "use_rslora": adapter.rslora,
            "use_dora": isinstance(adapter, Dora),
            "fan_in_fan_out": made.transposed,
            "bias": "none",
            "target_modules": made.modules,
            "modules_to_save": sorted({name.rpartition(".")[0] for name in saved}) or None,
            "rank_pattern": {name: parts * adapter.rank for name, parts in made.parts.items()},
            # So that alpha over the rank, or over its root, is as it is here.
            "alpha_pattern": {
                name: adapter.strength * (math.sqrt(parts) if adapter.rslora else parts)
                for name, parts in made.parts.items()
            },
        }
        text = json.dumps(config, ensure_ascii=False, indent=2) + "\n"
        (work.directory / "adapter_config.json").write_text(text, encoding="utf-8")
        return {"files": sorted(path.name for path in work.directory.iterdir()), "family": family.model_type}
