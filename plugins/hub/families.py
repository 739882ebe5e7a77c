"""All families that are known. A further one is a file beside the others and a line here."""

from __future__ import annotations

from typing import Any

from ..builtin.model.encoder_decoder import EncoderDecoder
from ..builtin.model.transformer import TransformerModel
from ..models import Model
from . import bert, gpt2, llama, modernbert, t5
from .mapping import Family, Unwritable

FAMILIES: tuple[Family, ...] = (gpt2.FAMILY, *llama.FAMILIES, *bert.FAMILIES, modernbert.FAMILY, t5.FAMILY)


def by_type(model_type: object) -> Family | None:
    """Give the family of a `model_type`."""
    return next((family for family in FAMILIES if family.model_type == model_type), None)


def for_model(model: Model) -> tuple[Family, dict[str, Any]]:
    """Give the first family that holds a model, with its configuration there.

    Raises Unwritable with what is in the way of the family that comes nearest.
    """
    if not isinstance(model, TransformerModel | EncoderDecoder):
        raise Unwritable("model", model.name)
    if isinstance(model, TransformerModel) and model.feedforward.name != "dense":
        raise Unwritable("feedforward", model.feedforward.name)
    refused: Unwritable | None = None
    for family in FAMILIES:
        try:
            return family, family.write(model)
        except Unwritable as reason:
            if refused is None or _nearness(reason) > _nearness(refused):
                refused = reason
        except AttributeError:
            continue  # a field that only the other sort of model has
    assert refused is not None
    raise refused


def _nearness(reason: Unwritable) -> int:
    """Tell how near a miss is: another sort of attention or positions is none."""
    far = ("attention", "positions")
    return far.index(reason.field) if reason.field in far else len(far)
