"""Which of several ways to compute the same is taken.

What is fastest differs between machines and sizes by factors (docs/performance.md). A module names its ways, the one
that is never bad first; the runtime puts a chooser in force that has measured them, and without one, as in tests and
where an experiment asks for `deterministic`, the first is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import _disable_current_modes

Way = TypeVar("Way")
Trial = Callable[[], object]
"""Does once what is to be timed."""


class Chooser(Protocol):
    """Chooses between ways by their names."""

    taken: dict[str, str]
    """What was chosen so far, by what for."""

    def choose(self, about: str, trials: Mapping[str, Trial]) -> str:
        """Give the name of a way; `about` says what for, to be remembered by."""
        ...


_chooser: ContextVar[Chooser | None] = ContextVar("chooser", default=None)


@contextmanager
def using(chooser: Chooser | None) -> Iterator[None]:
    """Put a chooser in force for what this thread computes."""
    token = _chooser.set(chooser)
    try:
        yield
    finally:
        _chooser.reset(token)


def choose(about: str, ways: Mapping[str, Way], tensors: Sequence[Tensor], run: Callable[..., Tensor]) -> Way:
    """Give the way to take for these tensors.

    Where ways have to be timed, `run(way, *tensors)` is called with copies that share the data, and its gradients are
    taken: what is chosen is the fastest to train with.
    """
    chooser = _chooser.get()
    if chooser is None or len(ways) == 1 or torch.compiler.is_compiling():
        return next(iter(ways.values()))
    about = f"{tensors[0].device.type} {str(tensors[0].dtype)[6:]} {about}"
    taken = chooser.taken.get(about)
    if taken is not None and taken in ways:
        return ways[taken]
    return ways[chooser.choose(about, {name: _trial(way, tensors, run) for name, way in ways.items()})]


def _same(tensor: Tensor) -> Tensor:
    return tensor


def _trial(way: Any, tensors: Sequence[Tensor], run: Callable[..., Tensor]) -> Trial:
    def once() -> None:
        # Beside what is being computed: a layer that is computed again keeps nothing of a trial, and computes none again.
        with torch.enable_grad(), saved_tensors_hooks(_same, _same), _disable_current_modes():
            leaves = [each.detach().requires_grad_(each.is_floating_point()) for each in tensors]
            given = run(way, *leaves)
            wanted = [each for each in leaves if each.requires_grad]
            torch.autograd.grad(given, wanted, torch.ones_like(given), allow_unused=True)

    return once
