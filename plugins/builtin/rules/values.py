"""Values that fit their types and make no sense: of optimizers, of models and their heads, of tokenizers."""

from __future__ import annotations

from ....dsl.program import Program
from ...component import Component
from ...findings import Findings
from ...tasks import TokenizerTask
from ...values import Optimizer
from ..optimizer.adamw import AdamW
from .sizes import bytes_read

MOST_DROPOUT = 0.6
MOST_SMOOTHING = 0.5
MOST_EPS = 1e-2


def learning_rate(program: Program, findings: Findings) -> None:
    """L0912: a learning rate outside of the range in which the optimizer is known to learn."""
    for optimizer in findings.every(Optimizer):
        if optimizer.sensible_lr is None or optimizer.lr == "auto":
            continue
        least, most = optimizer.sensible_lr
        values = {"optimizer": optimizer.name, "lr": number(optimizer.lr), "least": number(least), "most": number(most)}
        if optimizer.lr > most:
            findings.warning(optimizer, "lr", "L0912", values)
        elif optimizer.lr < least:
            findings.warning(optimizer, "lr", "L0912.low", values, help="L0912.help")


def weight_decay(program: Program, findings: Findings) -> None:
    """L0913: a weight decay that is no small share."""
    for optimizer in findings.every(AdamW):
        if optimizer.weight_decay >= 1:
            decay = optimizer.weight_decay
            lr = 1.0 if optimizer.lr == "auto" else optimizer.lr
            values = {"weight_decay": number(decay), "lr": number(lr), "share": f"{100 * lr * decay:.2g}%"}
            findings.warning(optimizer, "weight_decay", "L0913", values)


def betas_reversed(program: Program, findings: Findings) -> None:
    """L0914: the average of the squares forgets faster than that of the gradients."""
    for optimizer in findings.every(AdamW):
        if len(optimizer.betas) == 2 and optimizer.betas[0] > optimizer.betas[1]:
            first, second = optimizer.betas
            values = {"first": first, "second": second, "steps": round(1 / (1 - second))}
            findings.warning(optimizer, "betas", "L0914", values)


def large_eps(program: Program, findings: Findings) -> None:
    """L0915: an eps beside which the gradients don't count."""
    for optimizer in findings.every(AdamW):
        if optimizer.eps >= MOST_EPS:
            findings.warning(optimizer, "eps", "L0915", {"eps": number(optimizer.eps)})


def dropout(program: Program, findings: Findings) -> None:
    """L0917: a dropout that leaves hardly anything; of any component that has a field of this name."""
    for component in findings.every(Component):
        value = getattr(component, "dropout", None)
        if isinstance(value, float) and value >= MOST_DROPOUT:
            findings.warning(component, "dropout", "L0917", {"dropout": f"{value:.0%}", "left": f"{1 - value:.0%}"})


def label_smoothing(program: Program, findings: Findings) -> None:
    """L0918: a smoothing that leaves the right label less than all others have together."""
    for component in findings.every(Component):
        value = getattr(component, "label_smoothing", None)
        if isinstance(value, float) and value >= MOST_SMOOTHING:
            findings.warning(
                component, "label_smoothing", "L0918", {"smoothing": f"{value:.0%}", "left": f"{1 - value:.0%}"}
            )


def vocabulary_of_too_little_text(program: Program, findings: Findings) -> None:
    """L0923: a vocabulary that is larger than the text can give."""
    for tokenizer in findings.every(TokenizerTask):
        for use in tokenizer.uses():
            size = bytes_read(findings, use.data, use.split)
            most = tokenizer.most_tokens(size) if size is not None else None
            asked = getattr(tokenizer, "vocab_size", None)
            if most is not None and isinstance(asked, int) and asked > most:
                values = {"tokenizer": tokenizer.name, "vocab_size": asked, "most": most, "bytes": f"{size:,}"}
                findings.warning(tokenizer, "vocab_size", "L0923", values)


def number(value: float) -> str:
    """Write a number as people do: 1e-7, not 1e-07."""
    return f"{value:g}".replace("e-0", "e-").replace("e+0", "e")
