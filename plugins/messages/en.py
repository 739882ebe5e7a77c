"""Texts, by key."""

MESSAGES: dict[str, str] = {
    # Models, objectives, optimizers, metrics: L0501-L0529
    "L0501": "`{objective}` does not fit the model `{model}`, whose attention is {given}",
    "L0501.help": "`{objective}` takes a model whose attention is {wanted}",
    "L0502": "the data has no column {missing}, which `{objective}` reads",
    "L0502.help": 'the data has the columns {given}; a reader can map one: `{column} = "…"`',
    "L0503": "{heads} heads do not divide a hidden size of {hidden_size}",
    "L0504": "{kv_heads} key-value heads do not divide {heads} heads",
    "L0505": "rotary positions turn dimensions in pairs, and a head has {size}",
    "L0505.help": "choose `heads` so that `hidden_size / heads` is even",
    "L0506": "a model of {parameters} parameters is larger than any machine holds",
    "L0507": "`betas` are two numbers, and {given} are given",
    "L0510": "the tokenizer has no token for the role `{role}`",
}
