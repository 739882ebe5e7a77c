"""Choosing by timing: the fastest is taken, remembered, and taken again when a training goes on."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch
from llx.plugins.nn.kernels import choose, using
from llx.runtime.training import calibrate, remembered
from llx.runtime.training.calibrate import Calibration, calibration, matmul_peak

CPU = torch.device("cpu")
SLOW_FIRST = {"slow": lambda: time.sleep(0.004), "fast": lambda: time.sleep(0.001)}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(remembered.SWITCH)
    return tmp_path


def test_the_fastest_is_taken_and_remembered() -> None:
    first = Calibration(CPU)
    assert first.choose("a thing", SLOW_FIRST) == "fast"
    assert first.taken == {"a thing": "fast"}

    def never() -> None:
        raise AssertionError("what is remembered isn't timed again")

    assert Calibration(CPU).choose("a thing", {"slow": never, "fast": never}) == "fast"


def test_what_is_only_about_as_fast_is_left_alone() -> None:
    ways = {"first": lambda: time.sleep(0.0041), "second": lambda: time.sleep(0.004)}
    assert Calibration(CPU).choose("a thing", ways) == "first"


@pytest.mark.parametrize("settings", [{}, {"deterministic": True}])
def test_a_training_that_goes_on_takes_what_it_took(settings: dict[str, bool]) -> None:
    ways = {"first": torch.sin, "second": torch.cos}
    again = calibration(settings, CPU)
    again.restore({"cpu float32 a thing": "second"})
    with using(again):
        way = choose("a thing", ways, (torch.zeros(2, requires_grad=True),), lambda way, tensor: way(tensor))
    assert way is torch.cos


def test_deterministic_measures_nothing(cache: Path) -> None:
    chooser = calibration({"deterministic": True}, CPU)
    assert chooser.choose("a thing", SLOW_FIRST) == "slow"
    assert not list(cache.rglob("*.json"))


def test_without_gradients_nothing_is_measured() -> None:
    chooser = Calibration(CPU)
    with torch.no_grad():
        assert chooser.choose("a thing", SLOW_FIRST) == "slow"
    assert not chooser.taken


@pytest.mark.parametrize("text", ["", "[]", "{", '{"machine": 1}', '{"machine": null, "choices": []}'])
def test_a_damaged_memory_is_none(text: str) -> None:
    path = remembered.place(CPU)
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    assert Calibration(CPU).choose("a thing", SLOW_FIRST) == "fast"
    assert Calibration(CPU).choose("a thing", SLOW_FIRST) == "fast"


def test_a_way_that_cannot_be_gone_is_left_out() -> None:
    def fails() -> None:
        raise RuntimeError("no kernel for this mask")

    assert Calibration(CPU).choose("a thing", {**SLOW_FIRST, "none": fails}) == "fast"
    assert Calibration(CPU).choose("another", {"none": fails, "slow": SLOW_FIRST["slow"]}) == "slow"
    assert Calibration(CPU).choose("a third", {"none": fails}) == "none"


def test_ways_that_were_not_there_before_are_timed() -> None:
    Calibration(CPU).choose("a thing", SLOW_FIRST)
    assert Calibration(CPU).choose("a thing", {**SLOW_FIRST, "new": lambda: None}) == "new"


def test_a_cache_that_cannot_be_written_is_no_reason_to_stop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert Calibration(CPU).choose("a thing", SLOW_FIRST) == "fast"


def test_the_peak_is_that_of_the_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrate, "PEAK_SIDES", (128,))
    monkeypatch.setattr(calibrate, "PEAK_SECONDS", 0.01)
    calibrate._peak.cache_clear()
    peak = matmul_peak(CPU, torch.float32)
    assert 1e8 < peak < 1e15
    calibrate._peak.cache_clear()
    assert matmul_peak(CPU, torch.float32) == peak
    assert remembered.recall(CPU, "peaks") == {"float32": peak}
