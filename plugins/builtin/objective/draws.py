"""Where the random numbers of a batch come from: a generator of the step, or the rows themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

GOLDEN = 0x9E3779B97F4A7C15


class Draws(Protocol):
    """What of numpy's Generator is used to change a batch; the first dimension of each shape is the row."""

    def random(self, size: Any) -> Any:
        """Draw evenly from [0, 1)."""
        ...

    def integers(self, low: int, high: int, size: Any) -> Any:
        """Draw evenly from low…high - 1."""
        ...


class RowDraws:
    """Numbers that follow from what a row holds, so that it gets the same ones in every epoch and batch.

    A counter-based generator: SplitMix64 (Steele et al. 2014) of the row's hash, the place, and the number of the call.
    """

    def __init__(self, tokens: Array) -> None:
        import numpy as np

        place = np.arange(1, tokens.shape[1] + 1, dtype=np.uint64)
        self._rows = _mixed(_mixed(tokens.astype(np.uint64) * np.uint64(GOLDEN) + place).sum(axis=1, dtype=np.uint64))
        self._calls = 0

    def random(self, size: Any) -> Array:
        """Draw evenly from [0, 1): the 53 bits that a float holds."""
        import numpy as np

        rows, *rest = size
        assert rows == len(self._rows)
        self._calls += 1
        count = int(np.prod(rest))
        # No call comes to the counters of another one.
        counter = np.arange(count, dtype=np.uint64) + np.uint64(self._calls << 40)
        mixed = _mixed(self._rows[:, None] + counter * np.uint64(GOLDEN))
        return (mixed >> np.uint64(11)).astype(np.float64).reshape(size) / 2.0**53

    def integers(self, low: int, high: int, size: Any) -> Array:
        """Draw evenly from low…high - 1."""
        import numpy as np

        return low + np.floor(self.random(size) * (high - low)).astype(np.int64)


def _mixed(values: Array) -> Array:
    """Mix the bits of uint64 numbers, which wrap around."""
    import numpy as np

    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
