"""The device of a job."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from llx.plugins.component import TaskFailed
from llx.runtime.training.allocator import kept_memory
from llx.runtime.training.device import choose_device, seed_device, usable_threads
from llx.runtime.training.precision import choose_precision, has_bfloat16


def test_seeding_gives_the_same_numbers_and_keeps_nothing() -> None:
    device = torch.device("cpu")
    torch.manual_seed(5)
    wanted = torch.rand(3)
    waiting = len(torch.cuda._queued_calls)
    seed_device(5, device)
    assert torch.equal(torch.rand(3), wanted)
    assert len(torch.cuda._queued_calls) == waiting


@pytest.mark.parametrize(
    ("quota", "threads"), [("max 100000", 1), ("150000 100000", 1), ("10000 100000", 1), ("nonsense", 1)]
)
def test_threads_are_no_more_than_may_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, threads: int
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    (tmp_path / "cpu.max").write_text(quota, encoding="utf-8")
    assert usable_threads(1, tmp_path) == threads


def test_a_container_limits_the_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)))
    (tmp_path / "cpu.max").write_text("250000 100000", encoding="utf-8")
    assert usable_threads(64, tmp_path) == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    assert usable_threads(64, tmp_path) == 64


def test_auto_is_bfloat16_where_the_processor_multiplies_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    device = torch.device("cpu")
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA")
    for able in (True, False):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda able=able: able)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
        assert has_bfloat16(device) is able
        assert choose_precision("auto", device) is (torch.bfloat16 if able else torch.float32)
        assert choose_precision("float32", device) is torch.float32
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert not has_bfloat16(device), "oneDNN is kept from these units"


def test_memory_is_kept_and_given_back() -> None:
    def grown() -> float:
        return float(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]) * 4096 / 2**20

    if not Path("/proc/self/statm").exists():
        pytest.skip("there is no /proc")
    before = grown()
    with kept_memory(torch.device("cpu")):
        block = torch.ones(64 << 20, dtype=torch.uint8)
        del block
    assert grown() - before < 32


def test_a_device_for_tpus_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TaskFailed) as caught:
        choose_device("xla")
    assert (caught.value.code, caught.value.help) == ("L0805", "L0805.xla.help")
    called: list[object] = []
    stand_in = SimpleNamespace(
        device=lambda: torch.device("xla"), sync=lambda: called.append("sync"), manual_seed=called.append
    )
    monkeypatch.setitem(sys.modules, "torch_xla", stand_in)
    device = choose_device("xla")
    seed_device(7, device)
    assert (device.type, called, has_bfloat16(device)) == ("xla", ["sync", 7], True)
