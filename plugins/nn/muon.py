"""Muon: momentum, orthogonalised, for hidden matrices; AdamW for the rest.

Beside torch.optim.Muon this is one optimizer for all parameters, takes stacks of matrices (experts), and computes all
matrices of one shape at once, in bfloat16 only where the device computes in it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.distributed.tensor import DTensor, Replicate
from torch.optim.adamw import adamw

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic whose slope at zero is steep: it ends within 0.7 to 1.2 of 1, which is good enough (Jordan 2024)."""
_ITERATIONS = 5
_EPS = 1e-7
_ADAMW_RMS = 0.2
"""The root mean square of AdamW's steps (Liu et al. 2025, arXiv:2502.16982, equation 4)."""


class Muon(torch.optim.Optimizer):
    """One optimizer: groups marked `orthogonal` are matrices, or stacks of them along their first dimensions."""

    def __init__(
        self,
        groups: Iterable[dict[str, Any]],
        *,
        lr: float,
        momentum: float,
        nesterov: bool,
        betas: tuple[float, float],
        eps: float,
        fused: bool = False,
    ) -> None:
        self.momentum, self.nesterov, self.betas, self.eps, self.fused = momentum, nesterov, betas, eps, fused
        super().__init__(groups, {"lr": lr, "weight_decay": 0.0, "orthogonal": False})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take a step; nothing calls it with a closure."""
        for group in self.param_groups:
            weights = [parameter for parameter in group["params"] if parameter.grad is not None]
            if weights:
                (self._orthogonal if group["orthogonal"] else self._adamw)(weights, group)

    def _orthogonal(self, weights: list[torch.Tensor], group: dict[str, Any]) -> None:
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        momenta = [self._kept(weight, "momentum") for weight in weights]
        torch._foreach_lerp_(momenta, gradients, 1 - self.momentum)
        steps = torch._foreach_lerp(gradients, momenta, self.momentum) if self.nesterov else momenta
        alike: dict[torch.Size, list[int]] = defaultdict(list)
        for index, weight in enumerate(weights):
            alike[weight.shape].append(index)
        torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
        for shape, indices in alike.items():
            made = orthogonalised(torch.stack([_whole(steps[index]) for index in indices]))
            size = _ADAMW_RMS * math.sqrt(max(shape[-2:]))
            for index, step in zip(indices, made.unbind(), strict=True):
                weights[index].add_(_like(step.to(weights[index].dtype), weights[index]), alpha=-group["lr"] * size)

    def _adamw(self, weights: list[torch.Tensor], group: dict[str, Any]) -> None:
        for weight in weights:
            if "step" not in self.state[weight]:
                device = weight.device if self.fused else "cpu"
                self.state[weight]["step"] = torch.zeros((), dtype=torch.float32, device=device)
        adamw(
            weights,
            [weight.grad for weight in weights if weight.grad is not None],
            [self._kept(weight, "exp_avg") for weight in weights],
            [self._kept(weight, "exp_avg_sq") for weight in weights],
            [],
            [self.state[weight]["step"] for weight in weights],
            fused=self.fused,
            amsgrad=False,
            beta1=self.betas[0],
            beta2=self.betas[1],
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            eps=self.eps,
            maximize=False,
        )

    def _kept(self, weight: torch.Tensor, name: str) -> torch.Tensor:
        state = self.state[weight]
        if name not in state:
            state[name] = torch.zeros_like(weight)
        kept: torch.Tensor = state[name]
        return kept


def orthogonalised(matrices: torch.Tensor) -> torch.Tensor:
    """Bring the singular values of matrices (…, N, M) near to 1 by Newton and Schulz's iteration.

    Jordan et al. 2024. N and M are swapped where N is larger, so that the products are of the smaller side.
    """
    a, b, c = COEFFICIENTS
    tall = matrices.shape[-2] > matrices.shape[-1]
    flat = matrices.reshape(-1, *matrices.shape[-2:])
    x = (flat.mT if tall else flat).to(_format(matrices.device))
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp_min(_EPS)
    for _ in range(_ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).reshape(matrices.shape)


def _format(device: torch.device) -> torch.dtype:
    """Give the number format of the iteration: it bears bfloat16, where that is faster."""
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    elif device.type == "cpu":
        fast = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    else:
        fast = False
    return torch.bfloat16 if fast else torch.float32


def _whole(tensor: torch.Tensor) -> torch.Tensor:
    """Give a tensor as a whole: one that is sharded over ranks has to come together before it is multiplied."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def _like(whole: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Give the part of a tensor that belongs to this rank's part of a weight."""
    if not isinstance(weight, DTensor):
        return whole
    mesh = weight.device_mesh
    everywhere = DTensor.from_local(whole, mesh, [Replicate()] * mesh.ndim)
    return everywhere.redistribute(placements=weight.placements)
