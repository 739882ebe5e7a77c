"""Weights as safetensors: each parameter once, read only where names, shapes and types agree."""

from __future__ import annotations

from collections.abc import Container, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import nn

from ...dsl.diagnostics.model import Text
from ...plugins.nn.stored import read

if TYPE_CHECKING:
    from torch.distributed.tensor import DTensor

Tensors = dict[str, torch.Tensor]


class WeightsDontFit(ValueError):
    """Raised for stored weights that are not those of the network; `reason` says what differs."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key, values)
        self.reason = Text(key, values)


def tensors_of(module: nn.Module, without: Container[str] = ()) -> Tensors:
    """Give parameters and buffers by name, a shared one under its first name only (a tied head is the body's)."""
    seen: set[int] = set()
    named: Tensors = {}
    for name, tensor in module.state_dict(keep_vars=True).items():
        if id(tensor) not in seen:
            seen.add(id(tensor))
            named[name] = tensor.detach()
    return {name: tensor for name, tensor in named.items() if name not in without}


def in_parts(tensor: torch.Tensor) -> TypeGuard[DTensor]:
    """Tell whether each rank holds a part of a tensor."""
    return hasattr(tensor, "to_local")  # importing the class takes longer than most commands


def local(tensor: torch.Tensor) -> torch.Tensor:
    """Give what this rank holds of a tensor."""
    return tensor.to_local() if in_parts(tensor) else tensor


def like(own: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
    """Give this rank's part of a whole tensor, if `own` is in parts."""
    if not in_parts(own) or own.shape != given.shape:
        return given
    from .parts import part_of

    return part_of(given, own)


def held(tensor: torch.Tensor, copy: torch.Tensor) -> torch.Tensor:
    """Give a tensor of which this rank holds `copy`, on the host, in the place of what it holds of `tensor`."""
    if not in_parts(tensor):
        return copy
    from .parts import with_local

    return with_local(tensor, copy)


def copied(tensors: Mapping[str, torch.Tensor], kept: bool = True) -> Tensors:
    """Give a copy on the host that further training doesn't change; nothing unless it is to be kept here."""
    return {name: held(tensor, local(tensor).to("cpu", copy=True)) for name, tensor in tensors.items() if kept}


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write tensors to a safetensors file."""
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, path)


def read_tensors(path: Path) -> Tensors:
    """Read the tensors of a safetensors file; WeightsDontFit if it isn't one."""
    try:
        return read(path)
    except (SafetensorError, OSError) as error:
        raise WeightsDontFit("weights.file", file=path.name, error=str(error)) from error


def put(module: nn.Module, tensors: Mapping[str, torch.Tensor], without: Container[str] = ()) -> None:
    """Copy tensors into a module; they must be exactly its own (but for some), else WeightsDontFit and nothing changes."""
    own = tensors_of(module, without)
    require_match(own, tensors)
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(like(tensor, tensors[name]))


def require_match(
    wanted: Mapping[str, torch.Tensor], given: Mapping[str, torch.Tensor], *, exactly: bool = False
) -> None:
    """Raise WeightsDontFit for the first difference in names, shapes and types.

    Weights from elsewhere may be in another floating-point format; `exactly` the same is what a training itself saved.
    """
    if missing := sorted(wanted.keys() - given.keys()):
        raise WeightsDontFit("weights.missing", tensor=missing[0])
    if extra := sorted(given.keys() - wanted.keys()):
        raise WeightsDontFit("weights.extra", tensor=extra[0])
    for name, tensor in wanted.items():
        _require_alike(name, tensor, given[name])
        if exactly and tensor.dtype != given[name].dtype:
            raise WeightsDontFit("weights.type", tensor=name, given=str(given[name].dtype), wanted=str(tensor.dtype))


def _require_alike(name: str, wanted: torch.Tensor, given: torch.Tensor) -> None:
    if wanted.shape != given.shape:
        shapes = {"given": list(given.shape), "wanted": list(wanted.shape)}
        raise WeightsDontFit("weights.shape", tensor=name, **shapes)
    if wanted.is_floating_point() != given.is_floating_point():
        raise WeightsDontFit("weights.type", tensor=name, given=str(given.dtype), wanted=str(wanted.dtype))


def _along(parameter: torch.Tensor, moment: torch.Tensor) -> torch.Tensor:
    """Give what a moment must be as large as: its parameter, but for dimensions that it holds one mean of."""
    if moment.ndim == parameter.ndim:
        for dim in range(moment.ndim):
            parameter = parameter.narrow(dim, 0, 1) if moment.shape[dim] == 1 else parameter
    return parameter


def require_finite(tensors: Mapping[str, torch.Tensor]) -> None:
    """Raise WeightsDontFit for the first tensor that holds infinity or what is no number."""
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise WeightsDontFit("weights.finite", tensor=name)


def under(prefix: str, tensors: Mapping[str, torch.Tensor]) -> Tensors:
    """Give the tensors whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def optimizer_tensors(optimizer: torch.optim.Optimizer, network: nn.Module) -> Tensors:
    """Give the state of an optimizer as tensors named `parameter/key`."""
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    return {
        f"{names[id(parameter)]}/{entry}": torch.as_tensor(value)
        for parameter, state in optimizer.state.items()
        for entry, value in state.items()
        if value is not None
    }


def put_optimizer(optimizer: torch.optim.Optimizer, network: nn.Module, tensors: Mapping[str, torch.Tensor]) -> None:
    """Give an optimizer the state that `optimizer_tensors` read; WeightsDontFit if it is another network's."""
    parameters = dict(network.named_parameters())
    names = {id(parameter): name for name, parameter in parameters.items()}
    described = optimizer.state_dict()
    indices = {
        names[id(parameter)]: index
        for group, indexed in zip(optimizer.param_groups, described["param_groups"], strict=True)
        for parameter, index in zip(group["params"], indexed["params"], strict=True)
    }
    state: dict[int, Tensors] = {}
    for name, tensor in tensors.items():
        parameter_name, _, entry = name.rpartition("/")
        if parameter_name not in indices:
            raise WeightsDontFit("weights.extra", tensor=name)
        if tensor.ndim:  # a count is a single number
            _require_alike(name, _along(parameters[parameter_name], tensor), tensor)
        state.setdefault(indices[parameter_name], {})[entry] = like(parameters[parameter_name], tensor)
    optimizer.load_state_dict({"state": state, "param_groups": described["param_groups"]})
