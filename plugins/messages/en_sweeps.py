"""Sweeps and distributions: L0571-L0573."""

MESSAGES: dict[str, str] = {
    "L0571": "nothing says which trial is the best",
    "L0571.both": "the best trial is chosen by one number, and there are two",
    "L0571.help": "say it with either `minimise = …` or `maximise = …`",
    "L0572": "none of the {count} trials came to a value; the first one: {reason}",
    "L0572.help": "what went wrong in each trial is told above",
    "sweep.missing": "`{name}` is not among what its task put out",
    "L0795": "the sweep takes {folds} folds in turn, and `{data}` cuts the rows into {given}",
    "L0795.help": "say the same number in both places",
    "L0796": "nothing differs between the trials",
    "L0796.help": "vary params (`over = {{ … }}`), or ask for `seeds` or `folds`",
    "L0796.folds": "no data that `{objective}` depends on is cut into folds",
    "L0796.folds.help": "cut it: `data corpus = reviews |> folds(5)` in the place of `split`",
    "L0573": "there is nothing between {low} and {high}",
    "sweep.not_finite": "the value is {value}, which is no number to compare",
}
