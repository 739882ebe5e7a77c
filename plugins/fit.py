"""Whether an objective, a model and some data go together: stages and evals ask here in their own check."""

from __future__ import annotations

from ..dsl.types import Artifact
from .component import Place
from .kinds import Model, Objective


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
    columns = data.columns
    if columns is not None:
        for missing in objective.reads():
            if missing not in columns:
                given = ", ".join(columns)
                values = {"objective": objective.name, "missing": missing, "given": given}
                place.error("data", "L0502", values, help="L0502.help")
