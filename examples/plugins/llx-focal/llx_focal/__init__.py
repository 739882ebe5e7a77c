"""Focal loss and balanced accuracy for llx: labels of which some are rare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from llx.plugins.api import Component, hookimpl

MESSAGES = {
    "en": {
        "focal:gamma": "with gamma = {gamma}, examples that are half understood hardly count: {weight} of a new one",
        "focal:gamma.help": "gamma = 2 is usual; 0 is ordinary classification",
    },
    "ja": {
        "focal:gamma": "gamma = {gamma} では、半分理解された例がほとんど数えられません（新しい例の {weight}）",
        "focal:gamma.help": "通常は gamma = 2 です。0 では通常の分類になります",
        # What the component and its field are: in English their own documentation says it.
        "focal:focal_classification": "焦点損失で分類します。まれなラベルがあるときに向きます（Lin et al. 2017, arXiv:1708.02002）。",
        "focal:focal_classification.gamma": "すでに理解されている例を、どれだけ軽く数えるか",
        "focal:balanced_accuracy": "ラベルごとに見つけた記録の割合の平均です。まれなラベルもほかと同じ重みで数えます。",
    },
}


@hookimpl
def llx_components() -> Iterable[type[Component]]:
    from .metric import BalancedAccuracy
    from .objective import FocalClassification

    return [FocalClassification, BalancedAccuracy]


@hookimpl
def llx_messages(language: str) -> Mapping[str, str]:
    return MESSAGES[language]
