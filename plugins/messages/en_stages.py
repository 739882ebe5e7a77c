"""Stages, evals, exports and the rows that they read: L0550-L0557, L0695."""

MESSAGES: dict[str, str] = {
    "L0550": "the data has the splits {splits}, and no `train` to train on",
    "L0550.help": "name one: `splits {{ train = … }}`, or let `split` make it",
    "L0551": "`{field}` chooses by validation, and the data has no `validation` split",
    "L0551.help": "split some off: `|> split(validation = 10%)`",
    "L0552": "the metric `{metric}` can't be computed of what `{objective}` gives",
    "L0552.help": "`llx components metric` lists the metrics; an objective takes those that need what it gives",
    "L0553": "how the rows are to be read is not known: the checkpoint was not trained with an objective here",
    "L0553.help": "say it: `objective = …`",
    "L0554": "a model that sees both sides of a token can't write text: `{model}` is {attention}",
    "L0554.help": "text is written by causal models",
    "L0555": "a checkpoint trained with `{objective}` has no head that writes text",
    "L0555.help": "take the checkpoint of a stage that learned to write, such as its pre-training",
    "L0556": "`{name}` and `{other}` write into the same folder, `{to}`",
    "L0556.help": "give each export a folder of its own",
    "L0556.first": "`{other}` writes there too",
    "L0557": "`{objective}` has labels to learn, and this checkpoint was trained with `{trained}`",
    "L0557.help": "fine-tune it with `{objective}`, and evaluate that",
    "L0695": "the split `{split}` has no rows to train or measure on ({records} records)",
    "L0695.help": "look at what cleaning and splitting left of it, or take a larger part for it",
}
