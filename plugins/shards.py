"""Token shards: rows of arrays on disk as raw little-endian numbers, described by an index, read through a memory map.

A folder holds `index.json` and, for each array of each split, `<split>.<array>.bin`. An array whose rows have
lengths of their own has `<split>.<array>.offsets.bin` beside it (int64, one more than there are rows). Nothing in
it can run code, and what the index says is held against the sizes of the files before a row is read.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from copy import copy
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

from .values import ArrayOf

if TYPE_CHECKING:
    import numpy as np

FORMAT = 1
INDEX = "index.json"
DTYPES = ("|u1", "<u2", "<u4", "|i1", "<i2", "<i4", "<i8", "<f4", "|b1")
_BUFFERED = 1 << 20
"""Numbers that are collected before they are checked and written."""


class ShardError(ValueError):
    """Raised for shards that are not what their index says, or rows that don't fit their description."""


def token_dtype(vocab_size: int) -> str:
    """Give the smallest unsigned type that holds every token of a vocabulary."""
    return "<u2" if vocab_size <= 1 << 16 else "<u4"


class ArrayWriter:
    """Appends the rows of one array to its file."""

    def __init__(self, directory: Path, split: str, name: str, described: ArrayOf, vocab_size: int) -> None:
        import numpy as np

        self.name = name
        self.shape = described.shape
        self.ragged = None in described.shape
        if self.ragged and described.shape != (None,):
            raise ShardError(f"array {name!r}: only arrays of one dimension may have lengths of their own")
        self.limit = vocab_size if described.dtype == "token" else None
        wanted = np.dtype(token_dtype(vocab_size) if described.dtype == "token" else described.dtype)
        self.dtype = wanted.newbyteorder("<")
        if self.dtype.str not in DTYPES:
            raise ShardError(f"array {name!r}: dtype {self.dtype.str} is not one of {', '.join(DTYPES)}")
        self.file_name = f"{split}.{name}.bin"
        self.offsets_name = f"{split}.{name}.offsets.bin" if self.ragged else None
        self.digests = {file: hashlib.sha256() for file in (self.file_name, self.offsets_name) if file}
        self._file: BinaryIO = (directory / self.file_name).open("wb")
        self._offsets: BinaryIO | None = (directory / self.offsets_name).open("wb") if self.offsets_name else None
        self._end = 0
        self._rows: list[np.ndarray[Any, Any]] = []
        self._waiting = 0
        if self._offsets is not None and self.offsets_name:
            self._append(self._offsets, self.offsets_name, np.zeros(1, "<i8").tobytes())

    def add(self, value: Any) -> None:
        """Append the array's value of one row."""
        import numpy as np

        row = np.asarray(value)
        if row.ndim != len(self.shape) or any(w is not None and w != n for w, n in zip(self.shape, row.shape)):  # noqa: B905
            raise ShardError(f"array {self.name!r}: a row has shape {row.shape}, described as {self.shape}")
        self._rows.append(row)
        self._waiting += max(row.size, 1)
        if self._waiting >= _BUFFERED:
            self.flush()

    def flush(self) -> None:
        """Check and write what was collected."""
        import numpy as np

        if not self._rows:
            return
        flat = np.concatenate([row.reshape(-1) for row in self._rows])
        self._check(flat)
        self._append(self._file, self.file_name, flat.astype(self.dtype).tobytes())
        if self._offsets is not None and self.offsets_name:
            ends = np.cumsum([row.size for row in self._rows], dtype=np.int64) + self._end
            self._end = int(ends[-1])
            self._append(self._offsets, self.offsets_name, ends.astype("<i8").tobytes())
        self._rows.clear()
        self._waiting = 0

    def _check(self, flat: np.ndarray[Any, Any]) -> None:
        import numpy as np

        if not flat.size or self.dtype.kind == "f":
            return
        if flat.dtype.kind not in "iub":
            raise ShardError(f"array {self.name!r}: {flat.dtype} where {self.dtype} is described")
        low, high = int(flat.min()), int(flat.max())
        bounds = (0, 1) if self.dtype.kind == "b" else (np.iinfo(self.dtype).min, np.iinfo(self.dtype).max)
        upper = self.limit - 1 if self.limit is not None else int(bounds[1])
        if low < bounds[0] or high > upper:
            raise ShardError(f"array {self.name!r}: {low} to {high} is outside {bounds[0]} to {upper}")

    def _append(self, file: BinaryIO, name: str, data: bytes) -> None:
        file.write(data)
        self.digests[name].update(data)

    def close(self) -> dict[str, Any]:
        """Write the rest and give the array's part of the index."""
        self.flush()
        self.abandon()
        return {
            "dtype": self.dtype.str,
            "shape": list(self.shape),
            "file": self.file_name,
            "offsets": self.offsets_name,
            "sha256": {name: digest.hexdigest() for name, digest in self.digests.items()},
        }

    def abandon(self) -> None:
        """Close the files."""
        self._file.close()
        if self._offsets is not None:
            self._offsets.close()


class ShardWriter:
    """Writes the splits of a folder, one after the other, as a stream of rows.

    >>> with ShardWriter(folder, {"tokens": ArrayOf("token", (None,))}, vocab_size=512) as writer:
    ...     writer.split("train")
    ...     writer.add({"tokens": [1, 2, 3]})
    """

    def __init__(self, directory: Path, arrays: Mapping[str, ArrayOf], vocab_size: int) -> None:
        self.directory = directory
        self.arrays = dict(arrays)
        self.vocab_size = vocab_size
        self.rows = 0
        """Rows of the split that is being written."""
        self._split: str | None = None
        self._writers: dict[str, ArrayWriter] = {}
        self._index: dict[str, Any] = {}

    def split(self, name: str) -> None:
        """Begin a split; the one before is finished."""
        self._finish_split()
        if name in self._index:
            raise ShardError(f"split {name!r} was written already")
        self._split, self.rows = name, 0
        self._writers = {
            array: ArrayWriter(self.directory, name, array, described, self.vocab_size)
            for array, described in self.arrays.items()
        }

    def add(self, row: Mapping[str, Any]) -> None:
        """Append a row, which holds exactly the arrays described."""
        if row.keys() != self._writers.keys():
            raise ShardError(f"a row holds {sorted(row)}, described are {sorted(self._writers)}")
        for name, writer in self._writers.items():
            writer.add(row[name])
        self.rows += 1

    def _finish_split(self) -> None:
        if self._split is not None:
            arrays = {name: writer.close() for name, writer in self._writers.items()}
            self._index[self._split] = {"rows": self.rows, "arrays": arrays}
            self._split, self._writers = None, {}

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            for writer in self._writers.values():
                writer.abandon()
            return
        self._finish_split()
        # The index comes last: a folder without one is not finished.
        text = json.dumps({"format": FORMAT, "splits": self._index}, indent=1)
        (self.directory / INDEX).write_text(text + "\n", encoding="utf-8")


class Shards:
    """The rows of one split, read through a memory map."""

    def __init__(self, directory: Path, split: str) -> None:
        described = read_index(directory)["splits"]
        if split not in described:
            raise ShardError(f"no split {split!r} in {directory}: there are {', '.join(described) or 'none'}")
        self.split = split
        self.digests: dict[str, str] = {}
        """SHA-256 of each file, as its writer noted it."""
        self.rows = _whole(described[split].get("rows"), "rows")
        self._arrays: dict[str, np.ndarray[Any, Any]] = {}
        self._offsets: dict[str, np.ndarray[Any, Any]] = {}
        try:
            for name, array in described[split]["arrays"].items():
                self._open(directory, name, array)
        except (KeyError, TypeError, AttributeError) as error:
            raise ShardError(f"{directory / INDEX} doesn't describe its arrays: {error!r}") from error

    def _open(self, directory: Path, name: str, array: Mapping[str, Any]) -> None:
        import numpy as np

        if array["dtype"] not in DTYPES:
            raise ShardError(f"array {name!r}: dtype {array['dtype']!r} is not one of {', '.join(DTYPES)}")
        dtype = np.dtype(array["dtype"])
        path = _inside(directory, array["file"])
        self.digests.update(array.get("sha256", {}))
        if array["offsets"] is None:
            shape = (self.rows, *(_whole(size, "shape") for size in array["shape"]))
            self._arrays[name] = _map(path, dtype, math.prod(shape)).reshape(shape)
            return
        offsets = _map(_inside(directory, array["offsets"]), np.dtype("<i8"), self.rows + 1)
        if offsets[0] != 0 or np.any(np.diff(offsets) < 0):
            raise ShardError(f"{array['offsets']}: offsets must begin at 0 and never fall")
        self._offsets[name] = offsets
        self._arrays[name] = _map(path, dtype, int(offsets[-1]))

    def __len__(self) -> int:
        return self.rows

    def beside(self, other: Shards) -> Shards:
        """Give the same rows with the arrays of others too, which have a row for each of them."""
        if other.rows != self.rows or self._arrays.keys() & other._arrays.keys():
            raise ShardError(f"{other.rows} rows of {', '.join(other.names)} don't lie beside {self.rows} of these")
        both = copy(self)
        both.digests = self.digests | other.digests
        both._arrays, both._offsets = self._arrays | other._arrays, self._offsets | other._offsets
        return both

    @property
    def names(self) -> tuple[str, ...]:
        """Give the names of the arrays."""
        return tuple(self._arrays)

    def scalar_values(self, rows: np.ndarray[Any, Any]) -> dict[str, list[Any]]:
        """Give, for rows by their numbers, the arrays that hold one number a row."""
        return {
            name: array[rows].tolist()
            for name, array in self._arrays.items()
            if name not in self._offsets and array.ndim == 1
        }

    def lengths(self) -> np.ndarray[Any, Any] | None:
        """Give the length of each row (of its longest ragged array), or None if all rows have one shape."""
        import numpy as np

        if not self._offsets:
            return None
        return np.max([np.diff(offsets) for offsets in self._offsets.values()], axis=0).astype(np.int64)

    def lengths_of(self, name: str) -> np.ndarray[Any, Any] | None:
        """Give the length of each row of an array, or None if all of its rows have one shape."""
        import numpy as np

        return np.diff(self._offsets[name]).astype(np.int64) if name in self._offsets else None

    def row_length(self) -> int:
        """Give the length of the longest row of any array."""
        fixed = [array.shape[1] for name, array in self._arrays.items() if array.ndim > 1 and name not in self._offsets]
        ragged = self.lengths()
        return max([*fixed, int(ragged.max()) if ragged is not None and len(ragged) else 1])

    def read(
        self, rows: np.ndarray[Any, Any], padded: Callable[[int], int] = lambda longest: longest
    ) -> dict[str, np.ndarray[Any, Any]]:
        """Read rows by their numbers, each ragged array padded with 0 to what `padded` makes of its longest row."""
        import numpy as np

        if len(rows) and not (int(rows.min()) >= 0 and int(rows.max()) < self.rows):
            raise IndexError(f"rows {rows.min()} to {rows.max()} of {self.rows}")
        batch: dict[str, np.ndarray[Any, Any]] = {}
        for name, array in self._arrays.items():
            if name not in self._offsets:
                batch[name] = np.asarray(array[rows])
                continue
            starts, ends = self._offsets[name][rows], self._offsets[name][rows + 1]
            whole = np.zeros((len(rows), padded(int((ends - starts).max(initial=0)))), array.dtype)
            for line, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
                whole[line, : end - start] = array[start:end]
            batch[name] = whole
        return batch


def read_index(directory: Path) -> dict[str, Any]:
    """Read the index of a folder of shards."""
    try:
        index = json.loads((directory / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ShardError(f"{directory / INDEX} can't be read: {error}") from error
    if not isinstance(index, dict) or not isinstance(index.get("splits"), dict):
        raise ShardError(f"{directory / INDEX} is not an index of shards")
    if index.get("format") != FORMAT:
        raise ShardError(f"{directory / INDEX} has format {index.get('format')!r}; this llx reads {FORMAT}")
    return index


def _inside(directory: Path, name: Any) -> Path:
    if not isinstance(name, str) or "/" in name or "\\" in name or name in ("", ".", ".."):
        raise ShardError(f"{name!r} is not the name of a file in {directory}")
    return directory / name


def _whole(value: Any, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ShardError(f"{what} must be a whole number, not {value!r}")
    return value


def _map(path: Path, dtype: np.dtype[Any], count: int) -> np.ndarray[Any, Any]:
    """Map a file that must hold exactly `count` numbers."""
    import numpy as np

    try:
        size = path.stat().st_size
    except OSError as error:
        raise ShardError(f"{path} can't be read: {error}") from error
    if size != count * dtype.itemsize:
        raise ShardError(f"{path} has {size} bytes where {count * dtype.itemsize} are described")
    # An empty file can't be mapped.
    # As a plain array: a memmap makes another one of whatever is taken out of it, 12 µs each time.
    return np.memmap(path, dtype, "r").view(np.ndarray) if count else np.zeros(0, dtype)
