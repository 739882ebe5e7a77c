"""Adapters: L0725-L0739."""

MESSAGES: dict[str, str] = {
    "L0725": "no layer that the adapter can stand beside is called like `{pattern}`",
    "L0725.help": "the model has {names}; `attention`, `feedforward` and `all` mean all of a sort",
    "L0726": "a rank of {rank} is no less than the width of `{layer}` ({inputs} to {outputs}): the adapter trains more than the layer has",
    "L0726.help": "ranks of 4 to 64 are usual; leave the adapter out to train the layers themselves",
    "L0727": "the checkpoint holds no adapter to go on with",
    "L0727.help": "name one, such as `lora {{ rank = 8 }}`; one that a further stage was trained from is part of the weights by then",
    "L0728": "the adapter `{adapter}` of the checkpoint can't be merged into its weights, and so can't be left behind",
    "L0728.help": "`adapter = continue` trains it further; a stage from the checkpoint before it begins without",
    "L0729": "the adapter `{adapter}` can't be merged into the weights, and `{export}` has no place for it",
    "L0729.help": "`safetensors` writes it beside them",
    "L0730": "`peft` writes adapters of low rank, `lora` and `dora`, and the checkpoint's is `{adapter}`",
    "L0730.help": "`safetensors` writes any checkpoint",
    "L0731": "the head for `{head}` was trained beside the adapter, and peft's layout has no place for it",
    "L0731.help": "`huggingface` writes the whole model, the adapter merged into it",
    "L0732": "nf4 holds weights in blocks of {block}, and `{layer}` ({inputs} to {outputs}) has no whole number of them",
    "L0732.help": "`base = int8` takes any size",
}
