"""The gradients of a step, with fewer rows at once where memory runs out."""

from __future__ import annotations

from collections.abc import Callable

import torch

from .device import seed_device
from .learner import Learner
from .loader import Ready, smaller
from .memory import LessAtOnce, is_out_of_memory
from .setup import Setup
from .state import State
from .step import Sums, gradients


class Gradients:
    """Makes the gradients of one step after the other; `lap` is told of its parts."""

    def __init__(self, setup: Setup, learner: Learner, state: State, lap: Callable[[str], None]) -> None:
        self.setup, self.learner, self.state, self.lap = setup, learner, state, lap

    def of(self, ready: Ready, scale: torch.Tensor | None) -> Sums:
        """Leave the gradients of a batch, times `scale`, in the network's parameters, and give its sums.

        Where there is no memory for a micro-batch the step begins anew with half of it: no weight was changed yet.
        """
        setup, state, team = self.setup, self.state, self.setup.team
        while True:
            if len(next(iter(ready.parts[0].values()))) > state.micro_batch * ready.fold:
                ready = smaller(ready, state.micro_batch * ready.fold)
            # All that is random within a step comes from here, so that no random state needs to be saved.
            seed_device(team.seed(setup.seed, ready.step), setup.device)
            try:
                return gradients(team, self.learner, ready, setup.device, setup.dtype, scale, self.lap)
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error) or state.micro_batch == 1:
                    raise
                if team.size > 1:
                    # The others don't hear of it in time: they wait in the step that this one left.
                    raise LessAtOnce(ready.step, -(-state.micro_batch // 2)) from error
            self._halve(ready)

    def _halve(self, ready: Ready) -> None:
        """Take half the rows at once from here on, and say so."""
        state, setup = self.state, self.setup
        setup.network.zero_grad(set_to_none=True)
        if setup.device.type == "cuda":
            torch.cuda.empty_cache()
        rows, fold = len(ready.rows), ready.fold
        before = min(state.micro_batch, -(-rows // fold))
        state.micro_batch = -(-before // 2)
        old, new = min(before * fold, rows), state.micro_batch * fold
        values = {"step": ready.step + 1, "old": old, "new": new, "rows": rows}
        setup.work.progress.log("training.less_at_once", **values)
