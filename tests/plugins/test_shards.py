"""Shards give back what was written, and refuse what is not what their index says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from llx.plugins.shards import ShardError, Shards, ShardWriter, token_dtype
from llx.plugins.values import ArrayOf

ARRAYS = {"tokens": ArrayOf("token", (None,)), "window": ArrayOf("int32", (2,)), "label": ArrayOf("uint8")}


def row(length: int, label: int) -> dict[str, Any]:
    return {"tokens": np.arange(length), "window": [label, -label], "label": label}


def write(folder: Path, rows: int = 50, vocab_size: int = 100) -> None:
    with ShardWriter(folder, ARRAYS, vocab_size) as writer:
        writer.split("train")
        for number in range(rows):
            writer.add(row(number % 7, number))
        writer.split("validation")
        writer.add(row(3, 9))


def test_rows_come_back(tmp_path: Path) -> None:
    write(tmp_path)
    shards = Shards(tmp_path, "train")
    assert len(shards) == 50
    batch = shards.read(np.array([6, 0, 13]))
    assert batch["tokens"].tolist() == [[0, 1, 2, 3, 4, 5], [0] * 6, [0, 1, 2, 3, 4, 5]]
    assert batch["window"].tolist() == [[6, -6], [0, 0], [13, -13]]
    assert batch["label"].tolist() == [6, 0, 13]
    assert shards.read(np.array([1]), padded=lambda longest: 4)["tokens"].tolist() == [[0, 0, 0, 0]]
    lengths = shards.lengths()
    assert lengths is not None
    assert lengths.tolist() == [number % 7 for number in range(50)]
    assert shards.row_length() == 6
    assert shards.scalar_values(np.array([4])) == {"label": [4]}
    assert len(Shards(tmp_path, "validation")) == 1


def test_many_rows_are_written_in_pieces(tmp_path: Path) -> None:
    with ShardWriter(tmp_path, {"tokens": ArrayOf("token", (64,))}, 70_000) as writer:
        writer.split("train")
        for number in range(40_000):
            writer.add({"tokens": np.full(64, number)})
    shards = Shards(tmp_path, "train")
    assert shards.read(np.array([39_999, 17]))["tokens"][:, 0].tolist() == [39_999, 17]
    assert shards.lengths() is None


def test_tokens_take_the_smallest_type(tmp_path: Path) -> None:
    assert (token_dtype(2**16), token_dtype(2**16 + 1)) == ("<u2", "<u4")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"tokens": [100]}, "outside"),
        ({"tokens": [-1]}, "outside"),
        ({"tokens": [0.5]}, "float64"),
        ({"label": 256}, "outside"),
        ({"window": [1, 2, 3]}, "shape"),
        ({"label": [1]}, "shape"),
        ({"more": 1}, "holds"),
    ],
)
def test_a_row_that_does_not_fit_is_refused(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    def write_it() -> None:
        with ShardWriter(tmp_path, ARRAYS, 100) as writer:
            writer.split("train")
            writer.add(row(2, 1) | changed)

    with pytest.raises(ShardError, match=said):
        write_it()
    assert not (tmp_path / "index.json").exists()


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        index = json.loads((folder / "index.json").read_text())
        change(index)
        (folder / "index.json").write_text(json.dumps(index))

    return edit


def cut(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-3])


def backward(folder: Path) -> None:
    path = folder / "train.tokens.offsets.bin"
    offsets = np.frombuffer(path.read_bytes(), "<i8").copy()
    offsets[5] = 10_000
    path.write_bytes(offsets.tobytes())


def tokens_of(index: dict[str, Any]) -> dict[str, Any]:
    return index["splits"]["train"]["arrays"]["tokens"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "harm",
    [
        cut("train.tokens.bin"),
        cut("train.label.bin"),
        cut("train.tokens.offsets.bin"),
        cut("index.json"),
        backward,
        lambda folder: (folder / "train.window.bin").unlink(),
        edited(lambda index: index.update(format=2)),
        edited(lambda index: index["splits"]["train"].update(rows=10**15)),
        edited(lambda index: index["splits"]["train"].update(rows=-1)),
        edited(lambda index: tokens_of(index).update(file="../train.tokens.bin")),
        edited(lambda index: tokens_of(index).update(file="/etc/passwd")),
        edited(lambda index: tokens_of(index).update(dtype="|O")),
        edited(lambda index: index["splits"].pop("train")),
        edited(lambda index: tokens_of(index).pop("dtype")),
        edited(lambda index: index["splits"]["train"].update(arrays=[])),
    ],
)
def test_a_folder_that_is_not_what_its_index_says_is_refused(tmp_path: Path, harm: Callable[[Path], object]) -> None:
    write(tmp_path)
    harm(tmp_path)
    with pytest.raises(ShardError):
        Shards(tmp_path, "train")


@pytest.mark.parametrize("number", [-1, 50])
def test_rows_that_are_not_there_are_refused(tmp_path: Path, number: int) -> None:
    write(tmp_path)
    with pytest.raises(IndexError):
        Shards(tmp_path, "train").read(np.array([number]))
