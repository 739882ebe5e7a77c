"""Two processes that talk through gloo train like one; what one saved the other goes on from."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from llx.runtime import face
from llx.runtime.events import Event, Note, Step
from safetensors.torch import load_file

BODY = """
data books = text("books/*.txt") |> split(validation = 30%)
tokenizer letters = characters(books.train)
stage learn = train {{
  model = decoder {{ layers = 2, hidden_size = 16, heads = 2, context_length = 16, dropout = {dropout} }}
  tokenizer = letters
  data = books
  objective = causal_lm
  optimizer = adamw {{ lr = {lr} }}
  batch = 7 examples
  micro_batch = {micro}
  budget = 40 steps
  validate = 5 steps
  save = {save} steps
  {more}
}}
"""
TWO = "torchrun { processes = 2 }"
SHARDED = "torchrun { processes = 2, strategy = fsdp }"
Watch = Callable[[Event], None]


class Ran:
    """A run of the experiment in a store of its own (or one that an earlier run left)."""

    def __init__(
        self,
        root: Path,
        backend: str = "none",
        store: str = "store",
        watch: Watch = lambda event: None,
        *,
        dropout: float = 0,
        save: int = 4,
        lr: str = "0.003",
        micro: int = 7,
        more: str = "",
    ) -> None:
        (root / "books").mkdir(parents=True, exist_ok=True)
        for number in range(20):
            (root / "books" / f"{number}.txt").write_text(f"It was dark and stormy, night {number}. " * 20)
        text = BODY.format(dropout=dropout, save=save, lr=lr, micro=micro, more=more)
        (root / "case.llx").write_text(f"experiment case {{ seed = 1, device = cpu, backend = {backend} }}\n{text}")
        self.notes: list[str] = []
        self.losses: dict[int, float] = {}

        def hear(event: Event) -> None:
            if isinstance(event, Note):
                self.notes.append(event.text.key)
            if isinstance(event, Step):
                self.losses[event.step] = event.figures["loss"]
            watch(event)

        self.result = face.run(root / "case.llx", store=root / store, listeners=lambda folder: [hear])

    @property
    def curve(self) -> list[list[float]]:
        assert self.result.ok, self.result.diagnostics
        return self.result["learn"].facts["curve"]  # type: ignore[no-any-return]

    @property
    def weights(self) -> dict[str, torch.Tensor]:
        return load_file(self.result["learn"].path / "last" / "model.safetensors")


def interrupt(event: Event, step: int = 20) -> None:
    if isinstance(event, Step) and event.step == step:
        os.kill(os.getpid(), signal.SIGINT)


def is_close(one: Ran, other: Ran) -> None:
    assert one.curve == [pytest.approx(line, rel=1e-5) for line in other.curve]
    assert one.losses == pytest.approx(other.losses, rel=1e-5)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return Ran(tmp_path_factory.mktemp("alone"))


def test_replicas_train_like_one_process_and_one_goes_on_where_they_stopped(tmp_path: Path, alone: Ran) -> None:
    """A batch of seven is not to be shared evenly, and two rows at once leave one rank without one in the last part."""
    stopped = Ran(tmp_path, TWO, watch=interrupt, micro=2)
    assert stopped.result.exit_code == 130
    assert "training.saved" in stopped.notes
    after = Ran(tmp_path, micro=2)
    assert {"training.resumed", "training.other_environment"} <= set(after.notes)
    stopped.losses |= after.losses
    after.losses = stopped.losses
    is_close(after, alone)


def test_shards_go_on_where_one_process_stopped_and_one_where_they_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: Ran
) -> None:
    """No rank asks for a whole tensor, and one dies within a save: the save before it is what they go on from."""
    let_ranks(tmp_path, monkeypatch, DYING.format(rank=1, place="write_parts", call=5))
    first = Ran(tmp_path, watch=interrupt)
    second = Ran(tmp_path, SHARDED, watch=partial(interrupt, step=30))
    third = Ran(tmp_path)
    assert [ran.result.exit_code for ran in (first, second, third)] == [130, 130, 0]
    assert second.notes.count("training.restarted") == 1
    assert second.notes.count("training.resumed") == 2
    assert "training.skipped" not in second.notes + third.notes
    third.losses = first.losses | second.losses | third.losses
    is_close(third, alone)


def ranks() -> list[int]:
    """Give the processes that train for this one, in the order of their ranks."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command, status = (entry / "cmdline").read_bytes(), (entry / "stat").read_text()
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"distributed.worker" in command and int(status.rpartition(")")[2].split()[1]) == os.getpid():
            rank = next(int(value[5:]) for value in environment if value.startswith(b"RANK="))
            found[rank] = int(entry.name)
    return [found[rank] for rank in sorted(found)]


@pytest.mark.skipif(not Path("/proc").exists(), reason="ranks are found in /proc")
def test_a_rank_that_is_killed_comes_back_without_a_hand(tmp_path: Path) -> None:
    killed: list[float] = []
    back: list[float] = []

    def kill(event: Event) -> None:
        if isinstance(event, Step) and event.step == 20 and not killed:
            killed.append(time.monotonic())
            os.kill(ranks()[1], signal.SIGKILL)
        if isinstance(event, Note) and event.text.key == "training.resumed":
            back.append(time.monotonic())

    ran = Ran(tmp_path, TWO, watch=kill, dropout=0.1)
    assert ran.result.ok, ran.result.diagnostics
    assert ran.notes.count("training.restarted") == 1
    assert back[0] - killed[0] < 15
    assert not ranks()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="ranks are found in /proc")
@pytest.mark.parametrize("backend", [TWO, SHARDED])
def test_ranks_repeat_to_the_bit_with_dropout_and_over_a_kill(tmp_path: Path, backend: str) -> None:
    killed = []

    def kill(event: Event) -> None:
        if isinstance(event, Step) and event.step == 20 and not killed:
            killed.append(ranks()[0])
            os.kill(killed[0], signal.SIGKILL)

    whole = Ran(tmp_path / "whole", backend, dropout=0.1)
    torn = Ran(tmp_path / "torn", backend, watch=kill, dropout=0.1)
    assert "training.restarted" in torn.notes
    assert torn.curve == whole.curve
    assert all(torch.equal(torn.weights[name], tensor) for name, tensor in whole.weights.items())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rank", "place", "call"), [(0, "write_parts", 4), (0, "write_parts", 8), (1, "write_parts", 6), (0, "seal", 3)]
)
def test_a_kill_within_a_save_of_shards_leaves_the_one_before_and_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rank: int, place: str, call: int
) -> None:
    whole = Ran(tmp_path / "whole", SHARDED, dropout=0.1)
    let_ranks(tmp_path, monkeypatch, DYING.format(rank=rank, place=place, call=call))
    torn = Ran(tmp_path / "torn", SHARDED, dropout=0.1)
    assert {"training.restarted", "training.resumed"} <= set(torn.notes)
    assert torn.curve == whole.curve
    assert all(torch.equal(torn.weights[name], tensor) for name, tensor in whole.weights.items())


@pytest.mark.slow
@pytest.mark.parametrize("backend", [TWO, SHARDED])
def test_what_a_rank_raises_is_the_diagnostic_of_one_process_once(tmp_path: Path, backend: str) -> None:
    def found(ran: Ran) -> list[tuple[str, Any]]:
        return [(one.code, one.message) for one in ran.result.diagnostics if one.code == "L0801"]

    one = Ran(tmp_path / "one", lr="1e30")
    two = Ran(tmp_path / "two", backend, lr="1e30")
    assert found(one)
    assert found(two) == found(one)
    assert "training.restarted" not in two.notes


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="ranks are found in /proc")
def test_ranks_that_die_again_and_again_are_given_up(tmp_path: Path) -> None:
    def kill(event: Event) -> None:
        if isinstance(event, Step):
            for rank in ranks():
                os.kill(rank, signal.SIGKILL)

    ran = Ran(tmp_path, "torchrun { processes = 2, max_restarts = 1 }", watch=kill, save=100)
    assert [one.code for one in ran.result.diagnostics if one.code == "L0830"] == ["L0830"]
    assert ran.notes.count("training.restarted") == 1


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "more"), [(TWO, "unfreeze = 10 steps"), (SHARDED, "freeze = embedding")])
def test_a_part_that_is_trained_is_the_same_part_in_two_processes(tmp_path: Path, backend: str, more: str) -> None:
    alone, together = Ran(tmp_path / "one", more=more), Ran(tmp_path / "two", backend, more=more)
    assert torch.allclose(
        torch.tensor([line[2] for line in alone.curve]), torch.tensor([line[2] for line in together.curve]), atol=1e-4
    )
    for name, weight in alone.weights.items():
        torch.testing.assert_close(together.weights[name], weight, atol=1e-4, rtol=1e-3)


FAILING = """
import llx.runtime.training.gradients as gradients

usual = gradients.gradients


def failing(team, learner, ready, *given):
    rows = len(next(iter(ready.parts[0].values())))
    if team.rank == 1 and ready.step == 6 and {condition}:
        raise {error}
    return usual(team, learner, ready, *given)


gradients.gradients = failing
"""


DYING = """
import os, signal
import llx.runtime.training.checkpoint as checkpoint
import llx.runtime.training.distributed.ranks as ranks
from torch.distributed.tensor import DTensor

gather, calls = DTensor.full_tensor, 0


def of_numbers_alone(tensor, **named):
    assert tensor.numel() == 1, "a rank asked for a whole tensor"
    return gather(tensor, **named)


def dying(*given):
    global calls
    calls += 1
    usual(*given)
    if calls == {call} and (os.environ["RANK"], os.environ["TORCHELASTIC_RESTART_COUNT"]) == ("{rank}", "0"):
        os.kill(os.getpid(), signal.SIGKILL)


DTensor.full_tensor = of_numbers_alone
owner = ranks if "{place}" == "write_parts" else checkpoint
usual = owner.{place}
owner.{place} = dying
"""


def let_ranks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Have ranks do something else: what Python imports by itself as it starts is ours there."""
    folder = tmp_path / "site"
    folder.mkdir(parents=True)
    (folder / "sitecustomize.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]))


def test_ranks_that_run_out_of_memory_go_on_with_fewer_rows_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: Ran
) -> None:
    let_ranks(tmp_path, monkeypatch, FAILING.format(condition="rows > 1", error="MemoryError"))
    ran = Ran(tmp_path, TWO, micro=4)
    is_close(ran, alone)
    assert ran.notes.count("training.less_at_once_by_all") == 2
    assert ran.notes.count("training.restarted") == 0
    assert ran.result["learn"].facts["micro_batch"] == 1


def test_an_error_that_comes_back_is_told_and_nothing_starts_a_third_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_ranks(tmp_path, monkeypatch, FAILING.format(condition="True", error='ZeroDivisionError("in a plugin")'))
    ran = Ran(tmp_path, TWO)
    (found,) = [one for one in ran.result.diagnostics if one.code == "L0830"]
    assert "ZeroDivisionError: in a plugin" in str(found.message)
    assert ran.notes.count("training.restarted") == 1
