"""The export `huggingface`: a folder that transformers loads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from ...api import CheckpointOf, Export, Facts, Field, Model, Objective, Place, Target, Trained, Work, neutral
from ...hub.families import for_model
from ...hub.mapping import Family, Unwritable
from ..encoding.pairs import start_token
from ..objective.classification import Classification
from ..objective.language import LanguageModelling
from ..tokens import open_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SPECIAL = {
    "start": ("bos_token", "cls_token"),
    "end": ("eos_token", "sep_token"),
    "mask": ("mask_token",),
    "pad": ("pad_token",),
}
"""What the roles are called there."""


class HuggingFace(Export):
    """Write a checkpoint in the layout of the Hugging Face hub, for transformers and what reads its models.

    The folder has `config.json`, `model.safetensors`, `tokenizer.json` and `tokenizer_config.json`. The family follows
    from the model's fields: GPT-2, Llama, Mistral, Qwen 2 or 3, BERT, RoBERTa, ModernBERT, T5. Both give the same logits. An
    adapter is merged into the weights.
    """

    name: ClassVar[str] = "huggingface"
    example: ClassVar[str] = 'huggingface(pretrain.best, to = "out/pretrain")'
    positional: ClassVar[tuple[str, ...]] = ("checkpoint",)

    checkpoint: CheckpointOf = Field(description="The checkpoint to write")
    to: Target = neutral(description="The folder to write into")

    @property
    def trained(self) -> Trained:
        assert isinstance(self.checkpoint.task, Trained), "only such tasks put out checkpoints"
        return self.checkpoint.task

    def check(self, place: Place) -> None:
        check_family(place, self.trained)
        adapter = self.trained.described_adapter()
        if adapter is not None and not adapter.merges:
            place.error("checkpoint", "L0729", {"adapter": adapter.name, "export": self.name}, help="L0729.help")

    def run(self, work: Work) -> Facts:
        from ...nn.hub import export_weights, write_shard
        from ...nn.stored import plain_weights

        source = work.input(self.checkpoint)
        folder = source.directory / source.output
        stored = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        model, objective = self.trained.described_model(), self.trained.described_objective()
        family, config = for_model(model)
        tensors = plain_weights(folder, self.trained.described_adapter())
        head = head_of(objective, model)
        written = export_weights(tensors, model, family, bool(head))  # type: ignore[arg-type]
        write_shard(work.directory / "model.safetensors", written)
        tokenizer = open_tokenizer(folder)
        config = self._config(family, model, head, stored) | config
        _write_json(work, "config.json", config)
        _templated(tokenizer, stored["roles"], model).save(str(work.directory / "tokenizer.json"))
        _write_json(work, "tokenizer_config.json", _tokenizer_config(tokenizer, stored["roles"], model))
        return {"files": sorted(path.name for path in work.directory.iterdir()), "family": family.model_type}

    @staticmethod
    def _config(family: Family, model: Model, head: str, stored: Facts) -> dict[str, Any]:
        """Give what `config.json` says beside the model's sizes."""
        roles = stored["roles"]
        config: dict[str, Any] = {
            "architectures": [family.architectures[head]],
            "model_type": family.model_type,
            "vocab_size": stored["vocab_size"],
            "tie_word_embeddings": model.shape.tied_embeddings,
            "dtype": "float32",
            "bos_token_id": roles.get("start", roles.get("end")),
            "eos_token_id": roles.get("end"),
            # Beyond the end, where no token is padding, there is none.
            "pad_token_id": roles.get("pad"),
        }
        if model.attention == "encoder_decoder":
            config["decoder_start_token_id"] = start_token(roles)
        if model.attention == "bidirectional":
            config |= {"cls_token_id": config["bos_token_id"], "sep_token_id": config["eos_token_id"]}
        if head == "classification":
            labels = [str(label) for label in stored["labels"]]
            config["id2label"] = {str(number): label for number, label in enumerate(labels)}
            config["label2id"] = {label: number for number, label in enumerate(labels)}
        return config


def check_family(place: Place, trained: Trained) -> None:
    """Report what keeps a checkpoint from the layouts of the hub, at the field `checkpoint`."""
    model, objective = trained.described_model(), trained.described_objective()
    try:
        family, _ = for_model(model)
    except Unwritable as reason:
        values = {"model": model.name, "field": reason.field, "value": str(reason.value)}
        place.error("checkpoint", "L0698", values, help="L0698.help")
        return
    if why := unwritable_head(family, model, objective):
        about = {"objective": objective.name if objective else None, "family": family.model_type, "why": why}
        place.error("checkpoint", "L0699", about, help=f"L0699.{why}")


_HEADS = {"causal": "causal_lm", "bidirectional": "masked_lm", "encoder_decoder": "sequence_to_sequence"}
"""The heads that predict tokens, by the attention of the model below."""


def head_of(objective: Objective | None, model: Model) -> str:
    """Give which of the heads that families have an objective's is; "" is none."""
    objective = objective.learned() if objective is not None else None
    if isinstance(objective, Classification):
        return "classification"
    return _HEADS.get(model.attention, "") if isinstance(objective, LanguageModelling) else ""


def unwritable_head(family: Family, model: Model, objective: Objective | None) -> str:
    """Tell what keeps an objective's head from being written: "" is nothing."""
    objective = objective.learned() if objective is not None else None
    head = head_of(objective, model)
    if head not in family.architectures or (objective is not None and not head):
        return "head"
    if isinstance(objective, Classification):
        causal = model.attention == "causal"
        pooling = ("last" if causal else "mean") if objective.pooling == "auto" else objective.pooling
        if causal and (pooling != "last" or objective.pooler):
            return "last"
        if not causal and not (pooling == "first" and objective.pooler):
            return "first"
    return ""


def _templated(tokenizer: Tokenizer, roles: dict[str, int], model: Model) -> Tokenizer:
    """Have the tokenizer put the special tokens around a text, as our encodings do, unless it says itself how."""
    from tokenizers import processors

    start, end = roles.get("start", roles.get("end")), roles.get("end")
    if tokenizer.post_processor is None and start is not None and end is not None:
        names = {number: str(tokenizer.id_to_token(number)) for number in (start, end)}
        last = names[end]
        # A source has no start token.
        first = "" if model.attention == "encoder_decoder" else f"{names[start]} "
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{first}$A {last}",
            pair=f"{first}$A {last} $B:1 {last}:1",
            special_tokens=[(name, number) for number, name in names.items()],
        )
    return tokenizer


def _tokenizer_config(tokenizer: Tokenizer, roles: dict[str, int], model: Model) -> dict[str, Any]:
    """Give `tokenizer_config.json`."""
    special = {name: tokenizer.id_to_token(number) for role, number in roles.items() for name in SPECIAL.get(role, ())}
    if model.attention != "bidirectional":
        special = {name: token for name, token in special.items() if name not in ("cls_token", "sep_token")}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": model.shape.context_length,
        "clean_up_tokenization_spaces": False,
        **special,
    }


def _write_json(work: Work, name: str, content: dict[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    (work.directory / name).write_text(text, encoding="utf-8")
