"""The built-in components, registered through the same hooks as anybody's.

A component lies in the module of its name in the folder of its kind: `objective/causal_lm.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..hooks import hookimpl
from ..kinds import KINDS, KindOf
from ..located import Located

if TYPE_CHECKING:
    from ...dsl.program import Program
    from ..findings import Findings

COMPONENTS: Mapping[str, Mapping[str, str]] = {
    "data": {
        "text": "TextFiles",
        "jsonl": "JsonLines",
        "csv": "Csv",
        "parquet": "Parquet",
        "squad": "Squad",
        "parallel": "Parallel",
        "conll": "Conll",
        "clean": "Clean",
        "split": "Split",
        "splits": "Splits",
        "mix": "Mix",
        "take": "Take",
        "augment": "Augment",
        "folds": "Folds",
        "filter": "Filter",
    },
    "tokenizer": {"train_bpe": "TrainBpe", "characters": "Characters", "load_tokenizer": "LoadTokenizer"},
    "model": {"decoder": "Decoder", "encoder": "Encoder", "encoder_decoder": "EncoderDecoder"},
    "feedforward": {"dense": "Dense", "moe": "MixtureOfExperts"},
    "initialisation": {"gpt2": "Gpt2", "depth_scaled": "DepthScaled", "mup": "Mup"},
    "rope_scaling": {"linear": "LinearScaling", "llama3": "Llama3Scaling", "yarn": "YarnScaling"},
    "adapter": {"lora": "Lora", "dora": "Dora", "bottleneck": "Bottleneck"},
    "objective": {
        "causal_lm": "CausalLM",
        "prefix_lm": "PrefixLM",
        "fill_in_middle": "FillInMiddle",
        "masked_lm": "MaskedLM",
        "span_corruption": "SpanCorruption",
        "sequence_to_sequence": "SequenceToSequence",
        "mixed": "Mixed",
        "classification": "Classification",
        "extractive_qa": "ExtractiveQA",
        "token_classification": "TokenClassification",
        "instruction": "Instruction",
        "dpo": "DPO",
        "distil": "Distil",
    },
    "optimizer": {"adamw": "AdamW", "muon": "Muon", "lion": "Lion", "adafactor": "Adafactor", "sgd": "SGD"},
    "schedule": {
        "constant": "Constant",
        "cosine": "Cosine",
        "cosine_restarts": "CosineRestarts",
        "inverse_sqrt": "InverseSqrt",
        "linear": "Linear",
        "reduce_on_plateau": "ReduceOnPlateau",
        "warmup_stable_decay": "WarmupStableDecay",
    },
    "metric": {
        "bleu": "Bleu",
        "chrf": "Chrf",
        "ter": "Ter",
        "rouge_1": "Rouge1",
        "rouge_2": "Rouge2",
        "rouge_l": "RougeL",
        "perplexity": "Perplexity",
        "bits_per_byte": "BitsPerByte",
        "accuracy": "Accuracy",
        "macro_f1": "MacroF1",
        "exact_match": "ExactMatch",
        "answer_f1": "AnswerF1",
        "has_answer_exact_match": "HasAnswerExactMatch",
        "has_answer_f1": "HasAnswerF1",
        "no_answer_accuracy": "NoAnswerAccuracy",
        "micro_f1": "MicroF1",
        "weighted_f1": "WeightedF1",
        "precision": "Precision",
        "recall": "Recall",
        "mcc": "MatthewsCorrelation",
        "auroc": "Auroc",
        "average_precision": "AveragePrecision",
        "jaccard": "Jaccard",
        "span_f1": "SpanF1",
        "span_precision": "SpanPrecision",
        "span_recall": "SpanRecall",
        "tag_accuracy": "TagAccuracy",
        "reward_accuracy": "RewardAccuracy",
        "reward_margin": "RewardMargin",
    },
    "decoding": {"greedy": "Greedy", "sample": "Sample", "beam": "Beam"},
    "backend": {"torchrun": "Torchrun"},
    "stage": {"train": "Train", "finetune": "Finetune"},
    "eval": {"evaluate": "Evaluate", "generate": "Generate", "multiple_choice": "MultipleChoice"},
    "weights": {"checkpoint": "Checkpoint", "gguf": "Gguf", "extend": "Extend"},
    "export": {"safetensors": "Safetensors", "huggingface": "HuggingFace"},
    "sweep": {"grid": "Grid", "random": "RandomSweep"},
    "distribution": {"uniform": "Uniform", "log_uniform": "LogUniform", "integers": "Integers"},
}
"""Kind -> name -> class. A file names a handful of them, and only those are imported."""


@hookimpl
def llx_kinds() -> Iterable[KindOf]:
    return KINDS


@hookimpl
def llx_components() -> Iterable[Located]:
    for kind, classes in COMPONENTS.items():
        for name, class_name in classes.items():
            yield Located(kind, name, f"{__name__}.{kind}.{name}:{class_name}")


@hookimpl
def llx_check(program: Program, findings: Findings) -> None:
    from .rules import run

    run(program, findings)


@hookimpl
def llx_messages(language: str) -> Mapping[str, str]:
    from ..messages import texts

    return texts(language)
