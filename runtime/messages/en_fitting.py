"""Texts of how well a training fits, by key."""

MESSAGES: dict[str, str] = {
    "fitting.warning": "{opening}: it begins to overfit. {change}",
    "fitting.opens": "at step {step} the validation loss has risen to {validation} from {best} at step {best_step}, while the training loss fell from {training_then} to {training}",
    "fitting.stop": "`patience = 3` in the stage ends it there; `dropout`, `token_dropout`, `augment` or more data move the point (docs/overfitting.md)",
    "fitting.stops": "`dropout`, `token_dropout`, `augment` or more data move the point (docs/overfitting.md)",
    "fitting.gap": "at its end (step {step}) the training loss is {training} and the validation loss {validation}: rows are known by heart",
    "fitting.best": "`best` has the weights of step {step}; build on it, and not on `last`",
    "fitting.overfits.ended": "`patience` has ended it; in the file: `dropout` of the model, `weight_decay`, `token_dropout = 10%`, `augment` of the training rows, more data, or a smaller model (docs/overfitting.md)",
    "fitting.overfits.change": "in the file: `patience = 3`, fewer epochs, `dropout` of the model, `weight_decay`, `token_dropout = 10%`, `augment` of the training rows, more data, or a smaller model (docs/overfitting.md)",
    "fitting.falls": "the validation loss still fell at the end, from {old} at step {step} to {new}",
    "fitting.trivial": "the validation loss of {validation} is hardly less than the {trivial} of the trivial model",
    "fitting.underfits.change": "in the file: a larger `budget`, a higher `lr` (or `lr = auto`), less `dropout` and `weight_decay`, a larger model, or weights to begin with (docs/overfitting.md)",
    "fitting.fits": "the validation loss is least at step {step} ({best}), and didn't rise behind it by more than noise",
    "fitting.few": "{count} validations say nothing yet; {least} do",
}
