"""Whether an objective, a model and some data go together: stages and evals ask here in their own check."""

from __future__ import annotations

from typing import Any

from ..dsl.program import Reference
from ..dsl.types import Artifact
from .adapters import Adapter
from .canonical import canonical, text_of
from .component import Place
from .models import Model
from .tasks import TokenizerTask, Trained
from .values import Objective

_HELP = {"fim_prefix": "L0600.middle", "turn_start": "L0600.chat"}


def check_fit(place: Place, objective: Objective, model: Model, data: Artifact) -> None:
    """Report what keeps an objective from a model or from some data, at the fields `objective` and `data`."""
    if model.attention not in objective.attention:
        values = {
            "objective": objective.name,
            "model": model.name,
            "given": model.attention,
            "wanted": ", ".join(objective.attention),
        }
        place.error("objective", "L0501", values, help="L0501.help")
    else:
        objective.check_model(place, model, "objective")
        check_length(place, objective, model)
    columns = data.columns
    if columns is not None:
        for missing in objective.reads():
            if missing not in columns:
                given = ", ".join(columns)
                values = {"objective": objective.name, "missing": missing, "given": given}
                place.error("data", "L0502", values, help="L0502.help")


def check_length(place: Place, objective: Objective, model: Model) -> None:
    """Report an objective whose rows are longer than the model's context.

    One token more is fine: rows of n + 1 tokens become n inputs and n targets.
    """
    try:
        encoding = objective.encoding(model.shape)
        fixed = [array.shape[0] for name, array in encoding.arrays().items() if is_tokens(name) and array.shape]
    except Exception:
        return  # the plan asks again, and knows whose code it is
    longest = max((length for length in (*fixed, getattr(encoding, "length", None)) if length is not None), default=0)
    if longest > model.shape.context_length + 1:
        values = {"objective": objective.name, "length": longest, "model": model.name}
        place.error("objective", "L0585", values | {"context_length": model.shape.context_length})


def check_roles(place: Place, objective: Objective, model: Model, tokenizer: Reference) -> None:
    """Report special tokens that an objective needs and the tokenizer is known not to have."""
    if not isinstance(tokenizer.task, TokenizerTask) or model.attention not in objective.attention:
        return
    known = tokenizer.task.known_roles(place.root)
    missing = [role for role in objective.roles(model.shape) if known is not None and role not in known]
    if missing:
        sentinels = 1 + max(
            (int(role.removeprefix("sentinel_")) for role in missing if "sentinel_" in role), default=-1
        )
        values = {"objective": objective.name, "tokenizer": tokenizer.task.name, "missing": missing[:4]}
        help = "L0600.sentinels" if sentinels else _HELP.get(missing[0], "L0600.help")
        place.error("objective", "L0600", values | {"count": sentinels}, help=help)


def is_tokens(array: str) -> bool:
    """Tell whether an array of a row is a stream of tokens that a model reads."""
    return array == "tokens" or array.endswith("_tokens")


def frozen_of(objective: Objective) -> tuple[tuple[Reference, Model, Objective, Adapter | None], ...]:
    """Give the checkpoints that stay as they are beside a model, with their models and what they were trained with."""
    found = []
    for reference in objective.frozen():
        task = reference.task
        assert isinstance(task, Trained), "only such tasks put out checkpoints"
        about = (task.described_model(), task.described_objective() or objective, task.described_adapter())
        found.append((reference, *about))
    return tuple(found)


def check_frozen(place: Place, objective: Objective, tokenizer: Reference) -> None:
    """Report checkpoints that an objective compares the model with: one that is missing, or reads with another tokenizer."""
    scorer = objective.scorer()
    if objective.scores and scorer is None:
        place.error("objective", "L0787", {"objective": objective.name}, help="L0787.help")
    for reference in (*objective.frozen(), *([scorer[0]] if scorer else [])):
        task = reference.task
        assert isinstance(task, Trained), "only such tasks put out checkpoints"
        other = task.described_tokenizer()
        if _form(other) != _form(tokenizer):
            values = {"objective": objective.name, "own": tokenizer.task.name, "other": other.task.name}
            place.error("objective", "L0785", values, help="L0785.help")


def _form(reference: Reference) -> str:
    """Give a text that two references to the same thing share, however often it is declared."""

    def refer(to: Reference) -> Any:
        return [canonical(to.task, refer), to.output]

    return text_of(refer(reference))
