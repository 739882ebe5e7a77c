"""Proves the invariants of a training before its first step."""

from __future__ import annotations

from ....plugins.component import Facts, TaskFailed
from ..setup import Setup
from .case import Broken, Case
from .proofs import OF_THE_BODY, PROOFS

CODES = {
    "seed": "L0880",
    "documents": "L0881",
    "causality": "L0882",
    "padding": "L0883",
    "targets": "L0884.extra",
    "accumulation": "L0885",
}

OF_TARGETS = {"padding": "L0884.padding", "extra": "L0884.extra", "missing": "L0884.missing"}
"""By what is wrong with the positions that loss reaches."""


def prove(setup: Setup) -> Facts:
    """Try every proof on the network as it is, which stays so: {name: True}. TaskFailed for the first that fails.

    All of them are tried first, and those that fail are told of, because one mistake breaks several.
    """
    case = Case.of(setup)
    broken: dict[str, Broken] = {}
    was_training = case.network.training
    case.network.eval()
    try:
        for each in case.varieties():
            for name, proof in PROOFS.items():
                try:
                    proof(each)
                except Broken as error:
                    broken.setdefault(name, error)
    finally:
        case.network.train(was_training)
    if not broken:
        return dict.fromkeys(PROOFS, True)
    for name in list(broken)[1:]:
        setup.work.progress.log("training.proof.also", proof=name)
    name, first = next(iter(broken.items()))
    component = case.model if name in OF_THE_BODY else case.objective
    values = {key: f"{value:.1e}" if isinstance(value, float) else value for key, value in first.values.items()}
    values["component"] = f"{component.kind} `{component.name}`"
    code = OF_TARGETS.get(str(values.pop("how", None)), CODES[name])
    raise TaskFailed(code, values, help="L0880.help", component=component)
