"""Whether an objective, a model and some data go together: stages and evals ask here in their own check."""

from __future__ import annotations

from ..dsl.types import Artifact
from .component import Place
from .values import Model, Objective


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


def is_tokens(array: str) -> bool:
    """Tell whether an array of a row is a stream of tokens that a model reads."""
    return array == "tokens" or array.endswith("_tokens")
