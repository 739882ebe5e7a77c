"""The report: read from a run's folder, whole in one file, and safe against what it shows."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from llx.dsl.diagnostics.model import Text
from llx.plugins.sweeps import comparison
from llx.runtime.events import Event, Note, Sampled, Step, TaskFinished
from llx.runtime.listeners.json_lines import JsonLines
from llx.runtime.report.chart import Axis, Curve, chart, smoothed, thinned
from llx.runtime.report.learning import learning
from llx.runtime.report.listing import listing
from llx.runtime.report.markup import Markup, element, join
from llx.runtime.report.page import page
from llx.runtime.report.record import TaskRecord, read_record
from llx.runtime.run_folder import EVENTS, EXPERIMENT


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLX_LANG", "en")


def recorded(folder: Path, events: list[Event]) -> Path:
    with (folder / EVENTS).open("w", encoding="utf-8") as file:
        listener = JsonLines(file)
        for event in events:
            listener(event)
    return folder


class Outline(HTMLParser):
    """Collects what a page would load, and checks that its elements close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.scripts = 0
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "br", "hr"}:
            self.open.append(tag)
        self.scripts += tag == "script"
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "action", "srcset"}]

    def handle_endtag(self, tag: str) -> None:
        if tag in {"line", "polyline", "path"} and self.open[-1] != tag:
            return
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def outline(html: str) -> Outline:
    seen = Outline()
    seen.feed(html)
    assert not seen.open
    return seen


def test_a_record_is_read_back(story: list[Event], tmp_path: Path) -> None:
    record = read_record(recorded(tmp_path, story))
    assert (record.run, record.experiment, record.state, record.seconds) == ("20260921-a1", "reviews", "finished", 86.0)
    assert [task.state for task in record.tasks.values()] == ["stored", "stored", "ran", "ran"]
    stage = record.tasks["fp-pretrain"]
    assert len(stage.steps) == 40
    assert (stage.best_step, stage.seconds) == (30, 82.0)
    assert stage.notes == ["running"]
    assert record.tasks["fp-scores"].facts["metrics"]["accuracy"] == 0.82


def test_a_record_of_a_killed_run_is_read_as_far_as_it_goes(story: list[Event], tmp_path: Path) -> None:
    folder = recorded(tmp_path, story[:12])
    with (folder / EVENTS).open("a", encoding="utf-8") as file:
        file.write('{"event": "step", "ti')
    record = read_record(folder)
    assert record.state == "killed"
    assert record.tasks["fp-pretrain"].state == "running"
    assert "not ended" in page(record)


def test_figures_that_are_not_finite_come_back(story: list[Event], tmp_path: Path) -> None:
    events = [*story[:2], Step("fp-pretrain", 1, {"loss": float("nan")}), Step("fp-pretrain", 2, {"loss": -math.inf})]
    steps = read_record(recorded(tmp_path, events)).tasks["fp-pretrain"].steps
    assert math.isnan(steps[0][1]["loss"])
    assert steps[1][1]["loss"] == -math.inf


def test_a_stored_stage_shows_the_curve_of_its_facts(story: list[Event], tmp_path: Path) -> None:
    facts = {"curve": [[10, 3.0, 3.2], [20, 2.5, None]], "best_step": 10}
    record = read_record(recorded(tmp_path, story[:1]), lambda fingerprint: facts if fingerprint == "fp-novels" else {})
    task = record.tasks["fp-novels"]
    assert [step for step, _ in task.steps] == [10, 20]
    assert [step for step, _ in task.validations] == [10]
    assert "Loss" in page(record)


def test_the_page_shows_the_run(story: list[Event], tmp_path: Path) -> None:
    folder = recorded(tmp_path, story)
    (folder / EXPERIMENT).write_text("experiment reviews {}\nparam lr = 3e-4  # </pre><script>", encoding="utf-8")
    html = page(read_record(folder), [("Energy", "<p>3 Wh</p>")])
    seen = outline(html)
    text = "".join(seen.texts)
    for expected in (
        "reviews",
        "1 min 26 s",
        "lr = 0.0003",
        "0.8200",
        "0.5000",
        "truth",
        "Energy",
        "3 Wh",
        "Learning rate",
    ):
        assert expected in text
    assert "best at step 30" in text


def test_the_page_needs_nothing_and_lets_nothing_in(story: list[Event], tmp_path: Path) -> None:
    hostile = '</script><script>alert(1)</script><img src="http://example.invalid/x">'
    folder = recorded(tmp_path, [*story, Note("fp-pretrain", Text("no.such.key", {"x": hostile}))])
    (folder / EXPERIMENT).write_text(hostile, encoding="utf-8")
    path = folder / EVENTS
    path.write_text(path.read_text(encoding="utf-8").replace("bad", hostile.replace('"', "'")), encoding="utf-8")
    seen = outline(page(read_record(folder)))
    assert seen.addresses == []
    drawn = sum(text.startswith("[{") for text in seen.texts)
    assert seen.scripts == drawn + 1
    assert any(hostile in text for text in ("".join(seen.texts),))


def test_the_policy_allows_the_script_of_the_page_alone(story: list[Event], tmp_path: Path) -> None:
    import base64
    import hashlib

    html = page(read_record(recorded(tmp_path, story)))
    script = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert len(script) == 1
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html.replace("&#x27;", "'")
    assert "default-src 'none'" in html.replace("&#x27;", "'")


def test_a_report_speaks_japanese(story: list[Event], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLX_LANG", "ja")
    html = page(read_record(recorded(tmp_path, story)))
    assert '<html lang="ja">' in html
    assert "混同行列" in html


def test_the_readings_of_a_chart_are_json_that_cannot_end_its_element() -> None:
    html = chart("t", [Curve("</script>", [(0, 1.0), (1, 2.0)])], x="step", name="loss")
    data = re.search(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    assert data is not None
    assert json.loads(data[1])[0]["name"] == "</script>"


def test_a_chart_breaks_its_line_where_a_value_is_not_finite() -> None:
    points = [(0, 1.0), (1, float("nan")), (2, 3.0), (3, 2.0)]
    assert chart("t", [Curve("a", points)], x="step", name="loss").count("<polyline") == 2
    assert chart("t", [Curve("a", [(0, math.nan)])], x="step", name="loss") == ""


def test_axes_have_round_ticks_that_hold_all_values() -> None:
    axis = Axis.of([0.13, 4.4], 4)
    assert [axis.text(tick) for tick in axis.ticks] == ["0", "2", "4", "6"]
    assert [Axis.of([0, 0.002], 4).text(tick) for tick in (0, 0.0005)] == ["0.0000", "0.0005"]
    same = Axis.of([2.0, 2.0], 4)
    assert same.low < 2 < same.high


def test_thinning_keeps_a_spike_and_smoothing_keeps_a_constant() -> None:
    points = [(float(i), 100.0 if i == 5_432 else 1.0) for i in range(10_000)]
    assert max(value for _, value in thinned(points)) == 100.0
    assert len(thinned(points)) <= 600
    assert smoothed([(0, 2.0), (1, 2.0), (2, 2.0)], 5) == [(0, 2.0), (1, 2.0), (2, 2.0)]


def test_markup_escapes_what_is_not_markup() -> None:
    assert element("p", "<b>", Markup("<i>x</i>"), title='"&') == '<p title="&quot;&amp;">&lt;b&gt;<i>x</i></p>'
    assert join(["a", None, ["<"]]) == "a&lt;"


def test_the_listing_keeps_the_text_and_marks_its_parts() -> None:
    text = 'model gpt = decoder { layers = 6, rate = 10% }  # "no"\nlet x = """a\n# b"""\n'
    html = listing(text)
    assert "".join(outline(html).texts) == text
    assert '<span class="declaration">model</span>' in html
    assert '<span class="number">10%</span>' in html
    assert '<span class="comment"># "no"</span>' in html
    assert '<span class="string">"""a\n# b"""</span>' in html


def test_a_stage_shows_where_its_time_goes_and_what_it_wrote(story: list[Event], tmp_path: Path) -> None:
    def more(event: Event) -> Event:
        if isinstance(event, Step):
            parts = {"ms_data": 1.0, "ms_forward": 20.0, "loss/books": 2.5, "loss/<speeches>": 3.5}
            return replace(event, figures={**event.figures, **parts, "mfu": 0.41, "memory_bytes": 2.5e9})
        if isinstance(event, TaskFinished) and event.task.kind == "stage":
            return replace(event, facts={**event.facts, "spikes": {"count": 3, "steps": [7, 21, 30]}})
        return event

    sampled = Sampled("fp-pretrain", 20, (("Once", " upon a <b>time"), ("吾輩は", "猫である")), time=story[0].time + 50)
    events = [*map(more, story[:-4]), sampled, *map(more, story[-4:])]
    record = read_record(recorded(tmp_path, events))
    html = page(record)
    texts = "\n".join(outline(html).texts)
    for said in (
        "Time of a step by part (ms)", "forward", "Loss by source", "<speeches>", "Memory (GB)", "peak (MFU, %)",
        "Spikes of the loss: 3 (at step 7, 21, 30)", " upon a <b>time", "猫である",
    ):  # fmt: skip
        assert said in texts
    assert html.count('class="unusual"') == 3
    assert '"41.00"' in html
    assert '"2.500"' in html


def test_the_page_shows_intervals_calibration_and_the_most_wrong(story: list[Event], tmp_path: Path) -> None:
    html = page(read_record(recorded(tmp_path, story)))
    text = "".join(outline(html).texts)
    assert "[0.7400, 0.8900]" in text
    assert "Expected calibration error 11.0%" in text
    assert "too sure of itself" in text
    assert html.count("<rect") == 2
    assert "<b>not</b> bad" in text, "shown as it stands, and no markup"
    assert "<b>not" not in html
    assert "\x1b" not in html


def curve(rises: bool) -> list[list[float]]:
    """Make losses whose gap opens after a third, or stays."""
    rows = []
    for number in range(12):
        training = 2.0 * 0.8**number + 0.5
        behind = max(number - 4, 0)
        rows.append([10 * (number + 1), training, training + 0.1 + (0.25 * behind if rises else 0.0)])
    return rows


@pytest.mark.parametrize(("rises", "word"), [(True, "It overfits"), (False, "fits")])
def test_the_page_says_in_words_whether_a_stage_overfits(
    story: list[Event], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rises: bool, word: str
) -> None:
    facts: dict[str, object] = {"curve": curve(rises), "best_step": 50}
    record = read_record(recorded(tmp_path, story[:1]), lambda fingerprint: facts if fingerprint == "fp-novels" else {})
    html = page(record)
    text = "".join(outline(html).texts)
    assert word in text
    assert "Generalisation gap" in text
    assert ("patience" in text) == rises, "it says what in the file to change"
    facts["trivial_loss"] = 0.6
    assert ("It underfits" in page(record)) != rises, "it is hardly better than the trivial model"
    monkeypatch.setenv("LLX_LANG", "ja")
    assert "汎化ギャップ" in page(record)


def swept(label: str, objective: str, better: str, rows: list[tuple[dict[str, object], list[float]]]) -> TaskRecord:
    facts = comparison(
        [{"params": params, "value": value} for params, values in rows for value in values], objective, better
    )
    return TaskRecord("f" + label, label, "sweep", "grid", "", 0, "ran", facts={"sweep": facts})


def test_sweeps_over_the_same_number_share_a_learning_curve_with_what_seeds_spread_over() -> None:
    tuned = swept("tuned", "a.accuracy", "higher", [({"share": at}, [at, at + 0.1]) for at in (0.01, 0.1, 0.5)])
    plain = swept("plain", "b.accuracy", "higher", [({"share": at}, [at / 2]) for at in (0.5, 0.1, 0.01)])
    html = learning([tuned, plain])
    assert html is not None
    assert html.count("<figure") == 1
    assert re.findall(r'<span class="key"><i class="(\w+)"></i>(\w+)', html) == [("one", "tuned"), ("two", "plain")]
    bars = re.findall(r'class="spread one" x1="([\d.]+)" x2="([\d.]+)" y1="([\d.]+)" y2="([\d.]+)"', html)
    assert len(bars) == 3, "one value has no deviation"
    assert all(float(low) > float(high) and left == right for left, right, low, high in bars)
    places = [float(left) for left, *_ in bars]
    assert places[1] == pytest.approx(1000 * math.log(10) / math.log(50), abs=0.1), "equal factors are equal steps"
    assert "share" in html


def test_a_curve_needs_several_numbers_and_other_params_are_lines_of_their_own() -> None:
    words = swept("words", "a.loss", "lower", [({"base": name}, [1.0]) for name in ("x", "y", "z")])
    few = swept("few", "a.loss", "lower", [({"lr": at}, [1.0]) for at in (0.1, 0.2)])
    assert learning([words, few]) is None
    both = swept(
        "both", "a.loss", "lower", [({"lr": at, "base": name}, [at]) for at in (0.1, 0.2, 0.3) for name in ("x", "y")]
    )
    html = learning([words, both])
    assert html is not None
    assert html.count("<polyline") == 2
    assert "both, base = x" in html
