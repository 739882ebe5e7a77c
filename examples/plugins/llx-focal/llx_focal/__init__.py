"""Focal loss and balanced accuracy for llx: labels of which some are rare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from llx.dsl.program import Program
from llx.plugins.api import Component, Findings, hookimpl

MESSAGES = {
    "en": {
        "focal:gamma": "with gamma = {gamma}, examples that are half understood hardly count: {weight} of a new one",
        "focal:gamma.help": "gamma = 2 is usual; 0 is ordinary classification",
        "focal:select": "`{stage}` chooses by accuracy, which labels that are rare hardly move",
        "focal:select.objective": "focal loss is for rare labels",
        "focal:select.help": "`balanced_accuracy` and `macro_f1` count every label alike",
    },
    "ja": {
        "focal:gamma": "gamma = {gamma} では、半分理解された例がほとんど数えられません（新しい例の {weight}）",
        "focal:gamma.help": "通常は gamma = 2 です。0 では通常の分類になります",
        "focal:select": "`{stage}` は accuracy で選びますが、まれなラベルは accuracy をほとんど変えません",
        "focal:select.objective": "focal loss はまれなラベルのためのものです",
        "focal:select.help": "`balanced_accuracy` と `macro_f1` は、どのラベルも同じ重みで数えます",
    },
}

ABOUT = {
    "ja": {
        "focal:focal_classification": "焦点損失で分類します。まれなラベルがあるときに向きます（Lin et al. 2017, arXiv:1708.02002）。",
        "focal:focal_classification.gamma": "すでに理解されている例を、どれだけ軽く数えるか",
        "focal:balanced_accuracy": "ラベルごとに見つけた記録の割合の平均です。まれなラベルもほかと同じ重みで数えます。",
    },
}
"""What the components and their fields are; in English their own documentation says it."""


@hookimpl
def llx_components() -> Iterable[type[Component]]:
    from .metric import BalancedAccuracy
    from .objective import FocalClassification

    return [FocalClassification, BalancedAccuracy]


@hookimpl
def llx_messages(language: str) -> Mapping[str, str]:
    return {**MESSAGES[language], **ABOUT.get(language, {})}


@hookimpl
def llx_check(program: Program, findings: Findings) -> None:
    from .rules import chosen_by_accuracy

    chosen_by_accuracy(program, findings)
