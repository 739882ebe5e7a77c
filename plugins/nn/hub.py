"""Weights between our names and those of the Hugging Face hub, by the rules of a family."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ..hub.mapping import Family, Rule
from .spec import Spec

if TYPE_CHECKING:
    from ..hub.mapping import HubModel


class Shards:
    """The tensors of a folder, read one at a time from the files that hold them."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._files: dict[str, Path] = {}
        for path in files:
            with safe_open(path, framework="pt") as opened:
                self._files |= dict.fromkeys(opened.keys(), path)

    @property
    def names(self) -> set[str]:
        """The names of all tensors."""
        return set(self._files)

    def read(self, name: str) -> Tensor:
        """Read a tensor as it is stored."""
        with safe_open(self._files[name], framework="pt") as opened:
            tensor: Tensor = opened.get_tensor(name)
        return tensor


@dataclass(slots=True)
class Misfit(Exception):
    """Raised for tensors that aren't those of a model."""

    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    shapes: list[str] = field(default_factory=list)


def import_weights(
    network: nn.Module, model: HubModel, family: Family, names: set[str], read: Callable[[str], Tensor]
) -> tuple[dict[str, Tensor], list[str]]:
    """Give the parameters of a network, which may be on `meta`, from tensors of a family, in float32.

    Beside them come the names of tensors that say nothing here, such as heads of other tasks.

    A tensor that both sides know under several names (a tied projection) is ours once. Raises Misfit, with every name
    that is missing, unexpected or of another shape.
    """
    shapes = {name: parameter.shape for name, parameter in network.named_parameters()}
    stored = {name.removeprefix(family.prefix): name for name in names if not family.is_head(name)}
    stored |= {name: name for name in names if family.is_head(name)}
    found, used, misfit = {}, set(), Misfit()
    rules, factors = _held(family, model, shapes), family.factors(model)
    for rule in rules:
        ours = rule.ours
        theirs = next((names for names in (rule.theirs, rule.also, rule.instead) if stored.keys() & names), rule.theirs)
        if missing := [name for name in theirs if name not in stored]:
            misfit.missing += missing
            continue
        used |= {*rule.theirs, *rule.also}
        parts = [_turned(rule, read(stored[name])).float() * _factor(factors, name) for name in theirs]
        whole = torch.cat(parts)[rule.offset :]
        rows = [shapes[name][0] for name in ours]
        if sum(rows) > len(whole) or (sum(rows) < len(whole) and not rule.cut):
            misfit.shapes.append(f"{', '.join(rule.theirs)}: {len(whole)} and not {sum(rows)} rows")
            continue
        for name, part in zip(ours, whole[: sum(rows)].split(rows), strict=True):
            if part.shape != shapes[name]:
                misfit.shapes.append(f"{', '.join(rule.theirs)}: {list(part.shape)} and not {list(shapes[name])}")
            found[name] = part.contiguous()
    ignored = (*family.ignored, *(name for rule in family.rules_for(1) for name in rule.theirs if _is_head(rule)))
    rest = sorted(stored.keys() - used)
    left = [name for name in rest if any(fnmatchcase(name, pattern) for pattern in ignored)]
    misfit.unexpected = [name for name in rest if name not in left]
    if misfit.missing or misfit.unexpected or misfit.shapes:
        raise misfit
    unknown = shapes.keys() - found.keys()
    assert not unknown, f"{family.model_type} has no rule for {sorted(unknown)}"
    return found, left


def export_weights(tensors: Mapping[str, Tensor], model: HubModel, family: Family, headed: bool) -> dict[str, Tensor]:
    """Give tensors by a family's names: the inverse of `import_weights`."""
    written: dict[str, Tensor] = {}
    rules, factors = _held(family, model, tensors), family.factors(model)
    for rule in rules:
        whole = torch.cat([tensors[name] for name in rule.ours])
        if rule.offset:
            whole = torch.cat([whole.new_zeros(rule.offset, *whole.shape[1:]), whole])
        rows = [len(whole)] if len(rule.theirs) == 1 else _rows(rule, model.spec, tensors)
        for name, part in zip(rule.theirs, whole.split(rows), strict=True):
            prefix = family.prefix if headed and not family.is_head(name) else ""
            written[prefix + name] = _turned(rule, part / _factor(factors, name)).contiguous()
        written |= dict.fromkeys(rule.also, whole)
    unknown = tensors.keys() - {name for rule in rules for name in rule.ours}
    assert not unknown, f"{family.model_type} has no rule for {sorted(unknown)}"
    return written


def write_shard(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors to a safetensors file that says it was made with PyTorch, which transformers asks for."""
    # A tensor that several names share would be refused.
    save_file({name: tensor.clone() for name, tensor in tensors.items()}, path, metadata={"format": "pt"})


def readable(path: Path) -> str | None:
    """Tell why a file is no safetensors file; None if it is."""
    try:
        with safe_open(path, framework="pt"):
            return None
    except (SafetensorError, OSError) as error:
        return str(error)


def _turned(rule: Rule, tensor: Tensor) -> Tensor:
    return tensor.t() if rule.transposed else tensor


def _is_head(rule: Rule) -> bool:
    return rule.ours[0].startswith("head.")


def _held(family: Family, model: HubModel, ours: Collection[str]) -> list[Rule]:
    """Give the rules that hold for tensors of ours: those whose tensors are all there and not another rule's already."""
    rules, taken = [], set[str]()
    for rule in family.rules_for(max(model.depths)):
        if all(name in ours and name not in taken for name in rule.ours):
            rules.append(rule)
            taken.update(rule.ours)
    return rules


def _factor(factors: Mapping[str, float], name: str) -> float:
    """Give what a tensor there is multiplied by to be ours."""
    return next((factor for pattern, factor in factors.items() if fnmatchcase(name, pattern)), 1.0)


def _rows(rule: Rule, spec: Spec, tensors: Mapping[str, Tensor]) -> Sequence[int]:
    """Give the rows of several tensors there: one for each of ours, or the parts of a projection, queries first."""
    if len(rule.theirs) == len(rule.ours):
        return [len(tensors[name]) for name in rule.ours]
    query, key = spec.heads * spec.head_size, spec.kv_heads * spec.head_size
    return [query, key, key][-len(rule.theirs) :]
