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
