"""Weights as safetensors: each parameter once, read only where names, shapes and types agree."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

Tensors = dict[str, torch.Tensor]


class WeightsDontFit(ValueError):
    """Raised for stored weights that are not those of the network."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def tensors_of(module: nn.Module) -> Tensors:
    """Give parameters and buffers by name, a shared one under its first name only (a tied head is the body's)."""
    seen: set[int] = set()
    named: Tensors = {}
    for name, tensor in module.state_dict(keep_vars=True).items():
        if id(tensor) not in seen:
            seen.add(id(tensor))
            named[name] = tensor.detach()
    return named


def copied(tensors: Mapping[str, torch.Tensor]) -> Tensors:
    """Give a copy on the host that further training doesn't change."""
    return {name: tensor.to("cpu", copy=True) for name, tensor in tensors.items()}


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write tensors to a safetensors file."""
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, path)


def read_tensors(path: Path) -> Tensors:
    """Read the tensors of a safetensors file; WeightsDontFit if it isn't one."""
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise WeightsDontFit(f"{path.name}: {error}") from error


def put(module: nn.Module, tensors: Mapping[str, torch.Tensor]) -> None:
    """Copy tensors into a module; they must be exactly its own, else WeightsDontFit and nothing is changed."""
    own = tensors_of(module)
    if difference := mismatch(own, tensors):
        raise WeightsDontFit(difference)
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(tensors[name])


def mismatch(wanted: Mapping[str, torch.Tensor], given: Mapping[str, torch.Tensor]) -> str | None:
    """Give the first difference in names, shapes and types, or None."""
    if missing := sorted(wanted.keys() - given.keys()):
        return f"{missing[0]} is missing"
    if extra := sorted(given.keys() - wanted.keys()):
        return f"{extra[0]} is not part of the model"
    for name, tensor in wanted.items():
        if tensor.shape != given[name].shape:
            return f"{name} has shape {tuple(given[name].shape)} where the model has {tuple(tensor.shape)}"
        if tensor.is_floating_point() != given[name].is_floating_point():
            return f"{name} is {given[name].dtype} where the model has {tensor.dtype}"
    return None


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
    names = {id(parameter): name for name, parameter in network.named_parameters()}
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
            raise WeightsDontFit(f"the optimizer has no parameter {parameter_name}")
        state.setdefault(indices[parameter_name], {})[entry] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": described["param_groups"]})
