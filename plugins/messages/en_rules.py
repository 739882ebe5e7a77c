"""Rules over the whole program: leaks of data (L0580-L0586), and values that are suspicious (L0910-L0939)."""

MESSAGES: dict[str, str] = {
    # Data leakage
    "leak.trains": "`{name}` trains on these rows",
    "leak.chooses": "`{name}` chooses by these rows",
    "leak.measures": "`{name}` measures on these rows",
    "leak.split": "split off here as `{as}`",
    "leak.read": "read from here",
    "leak.through": "`{name}` takes them over here",
    "L0580": "`{task}` trains on the {split} split of `{data}`",
    "L0580.help": "train on `train`; what is measured on rows that were trained on says nothing of new ones",
    "L0581": "`{task}` chooses by the {split} split of `{data}`",
    "L0581.help": "choose by a split of its own (`split(validation = 10%, test = 10%)`), and keep `{split}` for the end",
    "L0582": "`{task}` validates on rows that it trains on",
    "L0582.help": "split once, and take `train` and `validation` of the same split: `|> split(validation = 10%)`",
    "L0583": "the {split} rows that `{task}` measures on may be among those that `{other}` trains on",
    "L0583.help": "split the data once, and train, choose and measure on `train`, `validation` and `test` of that one split",
    "L0583.again": "`{task}` measures on rows of {files}, which `{other}` trains on",
    "L0583.again.help": "split the rows once (`|> split(test = 10%)`), train on `train` and measure on `test`",
    "L0584": "the {split} rows that `{task}` measures on may be among those that `{other}` chooses by",
    "L0584.help": "split the data once, and choose by its `validation` and measure on its `test`",
    "L0910": "`{task}` measures on rows that `{other}` trains on: this tells how well they are remembered, not how new ones go",
    "L0910.help": "measure on rows that were held out: `|> split(test = 10%)`",
    "L0911": "`{tokenizer}` is learned from rows that `{task}` tests on: it splits them better than new ones, which flatters the result",
    "L0911.help": "learn it from the training rows alone",
}
